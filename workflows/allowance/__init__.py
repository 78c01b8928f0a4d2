"""The vendor's request limit, which workers share."""
