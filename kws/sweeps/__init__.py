"""The compression studies: float training, then what each kind of compression costs. A module a stage."""
