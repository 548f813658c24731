"""Training steps that see the gradient of every example, as differentially private training needs them."""
