"""What this package brings to vla_gym (filled in below)."""
