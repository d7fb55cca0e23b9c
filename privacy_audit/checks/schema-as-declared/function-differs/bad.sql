-- finds: public.deliver_to_destination_only()
create or replace function deliver_to_destination_only() returns trigger
language plpgsql security definer set search_path from current as $$
begin
  return null;
end
$$;
