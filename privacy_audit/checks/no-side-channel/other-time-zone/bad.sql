-- finds: nosender_app: TimeZone
alter role nosender_app set timezone = 'Asia/Tokyo';
