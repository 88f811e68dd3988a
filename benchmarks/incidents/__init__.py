"""What the life of an incident gains and costs."""
