# A function that takes orders from its queue into its table, with a role of its own and Ringfence's boundary.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "package" {
  description = "The zip of the function's code"
  type        = string
}

locals {
  name = "orders"
}

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

# The boundary that Ringfence puts. A role that names it keeps it at each apply.
data "aws_ssm_parameter" "boundary" {
  name = "/ringfence/boundary-arn"
}

# One role for one function. Lambda's trust has no condition on aws:SourceAccount: see README.md beside this file.
resource "aws_iam_role" "function" {
  name                 = local.name
  path                 = "/lambda/"
  permissions_boundary = data.aws_ssm_parameter.boundary.insecure_value
  assume_role_policy   = file("${path.module}/trust.json")
}

resource "aws_iam_role_policy" "function" {
  name = local.name
  role = aws_iam_role.function.name
  policy = templatefile("${path.module}/policy.json", {
    partition = data.aws_partition.current.partition
    region    = data.aws_region.current.region
    account   = data.aws_caller_identity.current.account_id
    name      = local.name
  })
}

# The group is made here, so that the function need not be able to make any.
resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = 90
}

resource "aws_sqs_queue" "orders" {
  name = local.name
}

resource "aws_dynamodb_table" "orders" {
  name         = local.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_lambda_function" "function" {
  function_name    = local.name
  runtime          = "python3.13"
  handler          = "index.handler"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  role             = aws_iam_role.function.arn

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function.name
  }

  # Lambda tries the role when the function is made.
  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_event_source_mapping" "orders" {
  function_name    = aws_lambda_function.function.arn
  event_source_arn = aws_sqs_queue.orders.arn
}
