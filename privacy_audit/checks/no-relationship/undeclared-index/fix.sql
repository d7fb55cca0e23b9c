drop index idx_reading_habits;
