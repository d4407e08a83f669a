"""The local AWS account of Ringfence: MiniStack with the parts that the tests need and it lacks.

Everything in this package is ours and stands in for AWS; see README.md for what is simulated and what is not.
"""
