"""A believable city behind the same public ports as real devices."""
