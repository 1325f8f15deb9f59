select
    count(*) as tables,
    count(*) filter (where name = '_sqlx_migrations') as migrations
from sqlite_schema
where type = 'table'
