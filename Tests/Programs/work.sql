-- What test-libraries has the sqlite3 shell do: tables, indices, windows, JSON, views, transactions.
create table t(i integer primary key, x real, s text); create index by_s on t(s);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) insert into t select i, i * 1.5, printf('%05d', (i * 7919) % 20011) from n;
select sum(x), avg(x), count(distinct s), max(s) from t;
begin; update t set x = x + 1 where i % 3 = 0; delete from t where i % 7 = 0; commit;
select s, x from t where s between '00100' and '00140' order by s;
select json_object('n', count(*), 'm', group_concat(i)) from t where i < 40;
create view v as select i % 10 as d, sum(x) as y, row_number() over (order by sum(x)) as r from t group by d; select * from v order by d;
pragma integrity_check; vacuum; explain query plan select * from t join v on t.i = v.d where s like '001%';
select strftime('%Y', 0, 'unixepoch'), hex(zeroblob(4)), quote('a''b'), abs(-3.5), round(2.567, 2);
