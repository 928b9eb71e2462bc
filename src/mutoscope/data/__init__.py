"""Data for training: rendered folders, and the arrays that training reads."""
