"""What the weekly report costs."""
