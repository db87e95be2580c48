"""PostgreSQL: change data capture, and what every connector that speaks to PostgreSQL shares."""
