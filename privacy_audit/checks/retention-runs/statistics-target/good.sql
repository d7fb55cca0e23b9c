-- States may be sampled as finely as anybody likes.
alter table messages alter column message_type set statistics 1000;
