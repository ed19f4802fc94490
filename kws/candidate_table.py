"""The columns of plots/candidates.csv: a row a candidate of the sweeps, see kws.contenders."""

COLUMNS = (
    "candidate",
    "method",
    "bits",
    "amount",
    "fine_tuned",
    "seed",
    "parameters",
    "nonzero_parameters",
    "macs",
    "weight_bytes",
    "flash_bytes_estimate",
    "ram_bytes_estimate",
    "validation_accuracy",
    "test_accuracy",
    "deployed",
)
