"""Live drawing: curves, bars, heat maps and boundaries, rasterised in NumPy and shown by Textual line by line."""
