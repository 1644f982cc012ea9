-- Each site as it is spelt: in a column, or as a folder in which deliveries lay.
select cell(cells, 'site_id') as site from raw_rows where cell(cells, 'site_id') is not null
union
select unnest(site_folders(file)) as site from raw.deliveries;
