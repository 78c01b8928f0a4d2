"""One vendor call or one look-up each: call, classify the outcome, return a small model."""
