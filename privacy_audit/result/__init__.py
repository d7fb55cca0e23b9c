"""What an audit says: findings and verdict, annex, limits, waivers, and where an object comes from."""
