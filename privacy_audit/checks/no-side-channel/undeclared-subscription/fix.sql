alter subscription inside set (slot_name = none);
drop subscription inside;
