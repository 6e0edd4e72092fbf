"""BDRBench: a digital twin of the ByteDance robot benchmark."""
