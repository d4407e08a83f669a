// A function that takes orders from its queue into its table, with a role of its own and Ringfence's boundary.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { App, Aws, Stack, StackProps } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import * as sqs from "aws-cdk-lib/aws-sqs";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { Construct } from "constructs";

const NAME = "orders";

/** The statements of policy.json, about this function in this account. */
function policy(): iam.PolicyDocument {
  const values: Record<string, string> = {
    partition: Aws.PARTITION,
    region: Aws.REGION,
    account: Aws.ACCOUNT_ID,
    name: NAME,
  };
  const text = readFileSync(join(__dirname, "policy.json"), "utf8");
  return iam.PolicyDocument.fromJson(JSON.parse(text.replace(/\$\{(\w+)\}/g, (_, key) => values[key])));
}

export class OrdersStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // The boundary that Ringfence puts, read when the stack is deployed.
    const boundary = ssm.StringParameter.valueForStringParameter(this, "/ringfence/boundary-arn");

    // One role for one function. Lambda's trust has no condition on aws:SourceAccount: see README.md beside this file.
    const role = new iam.Role(this, "OrdersRole", {
      path: "/lambda/",
      permissionsBoundary: iam.ManagedPolicy.fromManagedPolicyArn(this, "Boundary", boundary),
      assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: { [NAME]: policy() },
    });

    // The group is made here, so that the function need not be able to make any.
    const logGroup = new logs.LogGroup(this, "OrdersLogGroup", {
      logGroupName: `/aws/lambda/${NAME}`,
      retention: logs.RetentionDays.THREE_MONTHS,
    });
    const queue = new sqs.Queue(this, "OrdersQueue", { queueName: NAME });
    new dynamodb.TableV2(this, "OrdersTable", {
      tableName: NAME,
      partitionKey: { name: "id", type: dynamodb.AttributeType.STRING },
    });

    const orders = new lambda.Function(this, "Orders", {
      functionName: NAME,
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: "index.handler",
      code: lambda.Code.fromInline('def handler(event, context):\n    return {"batchItemFailures": []}\n'),
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      // What constructs would grant on their own is left out: the role has what policy.json says.
      role: role.withoutPolicyUpdates(),
    });
    orders.addEventSourceMapping("OrderPlaced", { eventSourceArn: queue.queueArn });
  }
}

new OrdersStack(new App(), "orders");
