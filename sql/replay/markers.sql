-- The marker of the study, as it is.
select m.*
from study.markers as m
inner join study.settings as settings on m.marker = settings.marker
