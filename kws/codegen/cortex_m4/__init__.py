"""Assembly for the Cortex-M4's DSP instructions, written for one layer at a time; the portable C does what is left."""
