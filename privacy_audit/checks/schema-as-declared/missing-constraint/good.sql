-- Its name does not matter.
alter table users rename constraint users_phone_number_e164 to users_have_numbers;
