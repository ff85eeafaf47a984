"""The generated demo city."""
