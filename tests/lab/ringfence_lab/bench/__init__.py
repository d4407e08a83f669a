"""`python -m ringfence_lab bench`: what Ringfence costs, as counts and ratios, held against budgets."""
