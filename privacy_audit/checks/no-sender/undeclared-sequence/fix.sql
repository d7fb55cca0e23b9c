drop sequence messages_of_account_7;
