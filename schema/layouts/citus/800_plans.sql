-- Citus makes no generic plan of a statement whose parameter says which node it is for.
alter function public.active_devices(owner_id integer) reset plan_cache_mode;
alter function public.active_public_key(phone text) reset plan_cache_mode;
alter function public.claim_ephemeral_key(destination text, exchange text) reset plan_cache_mode;
alter function public.find_device(credential bytea) reset plan_cache_mode;
alter function public.forget_phone_number(phone text) reset plan_cache_mode;
alter function public.held_about_phone_number(phone text) reset plan_cache_mode;
alter function public.publish_ephemeral_key(
  destination text, public_key bytea, exchange text, expires_in interval
) reset plan_cache_mode;
alter function public.record_sign_count(device_id integer, counter bigint) reset plan_cache_mode;
alter function public.register_user(phone text, forget_former boolean) reset plan_cache_mode;
alter function public.session_keys(device_id integer) reset plan_cache_mode;
