"""Scripts: what several seats do one after the other, and what the city must show for it."""
