-- The analytes of the study's marker, as they are.
select p.*
from study.marker_parts as p
inner join study.settings as settings on p.marker = settings.marker
