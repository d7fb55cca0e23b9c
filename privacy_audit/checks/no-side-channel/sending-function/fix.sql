drop function tell();
