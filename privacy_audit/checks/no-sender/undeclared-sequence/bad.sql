-- finds: public.messages_of_account_7
create sequence messages_of_account_7;
