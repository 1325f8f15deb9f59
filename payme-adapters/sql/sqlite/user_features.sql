-- One row for each feature, and one with nulls for a person who has none.
select
    person.user_id, person.state, person.date_of_birth,
    feature.key, feature.source, feature.origin, feature.confidence, feature.count,
    feature.first_seen, feature.last_seen, feature.by_day
from person
left join feature on feature.user_id = person.user_id
where person.user_id = ?1
