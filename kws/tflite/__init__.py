"""To .tflite and back: export (torch to .tflite), reader (.tflite to a graph), interpreter (TFLite's own answer)."""
