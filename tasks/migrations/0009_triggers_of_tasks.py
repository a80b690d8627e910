"""What the database itself keeps true about tasks, whoever writes, the release before this one too.

Functions and triggers; the table is locked for a moment.
"""

from django.db import migrations

from taskhub.postgresql.operations import keep_updated_at, keep_version

columns = (
    *("title", "description", "status", "priority", "start_date", "due_date", "due_at", "due_timezone"),
    *("external_source", "external_key"),
)
updated_at, version = keep_updated_at("tasks"), keep_version("tasks", *columns)

# The places of `priority` and of what is due in an order; the first place in the manual order: tasks/positions.py. No
# column is named in the definition of a trigger, because it could not change its type then
KEYS = """
    CREATE FUNCTION tasks_set_keys() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.priority_rank := CASE NEW.priority
            WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 WHEN 'urgent' THEN 4 ELSE 0 END;
        NEW.due_key := coalesce(NEW.due_at, NEW.due_date::timestamp AT TIME ZONE 'UTC', '9999-12-31 23:59:59.999999Z');
        IF NEW.position = '' THEN
            NEW.position := lpad(to_hex(greatest(0, extract(epoch FROM NEW.created_at) * 1000000)::bigint), 13, '0')
                || right(NEW.id::text, 3) || '8';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER tasks_set_keys BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION tasks_set_keys();
"""
NO_KEYS = "DROP TRIGGER tasks_set_keys ON tasks; DROP FUNCTION tasks_set_keys()"

LABELS = """
    CREATE FUNCTION tasks_link_labels(task tasks) RETURNS void LANGUAGE sql AS $$
        DELETE FROM task_label WHERE task_id = task.id;
        INSERT INTO task_label (task_id, label_id, owner_id, created_at)
        SELECT task.id, label_id, task.owner_id, task.created_at FROM unnest(task.label_ids) AS label_id
        WHERE task.deleted_at IS NULL ON CONFLICT DO NOTHING
    $$;
"""
NO_LABELS = "DROP FUNCTION tasks_link_labels(tasks)"

# Dependencies have no cycle, so two transactions that go along them never wait for each other in a circle
BLOCKED = """
    CREATE FUNCTION tasks_set_blocked(owner uuid, ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$ DECLARE
        one uuid;
        now_blocked bool;
    BEGIN
        FOREACH one IN ARRAY ids LOOP  -- each by its primary key, whatever is known of the size of the tables
            now_blocked := EXISTS (
                SELECT FROM task_dependency WHERE owner_id = owner AND task_id = one AND (
                    SELECT status IN ('todo', 'in_progress') AND deleted_at IS NULL FROM tasks
                    WHERE owner_id = owner AND id = needs_id));
            UPDATE tasks SET blocked = now_blocked WHERE owner_id = owner AND id = one AND blocked <> now_blocked;
        END LOOP;
    END $$;
    CREATE FUNCTION task_dependency_block() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM tasks_set_blocked(coalesce(NEW.owner_id, OLD.owner_id), ARRAY[coalesce(NEW.task_id, OLD.task_id)]);
        RETURN NULL;
    END $$;
    CREATE TRIGGER task_dependency_block AFTER INSERT OR DELETE ON task_dependency FOR EACH ROW
        EXECUTE FUNCTION task_dependency_block();
"""
NOT_BLOCKED = """
    DROP TRIGGER task_dependency_block ON task_dependency;
    DROP FUNCTION task_dependency_block();
    DROP FUNCTION tasks_set_blocked(uuid, uuid[]);
"""

# How many children a task has that are neither deleted nor cancelled, and how many of those are done
CHILDREN = """
    CREATE FUNCTION tasks_count_child(child tasks, number int) RETURNS void LANGUAGE sql AS $$
        UPDATE tasks SET subtasks_total = subtasks_total + number,
            subtasks_done = subtasks_done + CASE child.status WHEN 'done' THEN number ELSE 0 END
        WHERE owner_id = child.owner_id AND id = child.parent_id
            AND child.deleted_at IS NULL AND child.status <> 'cancelled'
    $$;
"""
NO_CHILDREN = "DROP FUNCTION tasks_count_child(tasks, int)"

# Words: without regard to case and accents, whatever the locale of the database takes for a letter. Scripts without
# spaces between words are indexed by character, and looked for as a phrase
SPACES = (
    r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u2000-\u206f\u2190-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u30fb\ufe30-\ufe6f\uff00-\uff0f\uff1a-\uff20]+"
)
CHARACTERS = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3005-\u3007\u3021-\u30fa\u30fc-\ua4cf\uac00-\ud7af"
    r"\uf900-\ufaff\U00020000-\U0003ffff]"
)
MOST_SEARCHED, MOST_COMMENTS = 100_000, 100  # characters and comments of a task
WORDS = f"""
    CREATE FUNCTION task_words(input text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN octet_length(input) = length(input) THEN regexp_replace(lower(input), '[^a-z0-9]+', ' ', 'g')
            ELSE regexp_replace(lower(unaccent(normalize(input, NFKC))), '{SPACES}', ' ', 'g') END
    $$;
    CREATE FUNCTION task_vector(input text) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT to_tsvector('simple', CASE WHEN octet_length(input) = length(input) THEN task_words(input)
            ELSE regexp_replace(task_words(input), '({CHARACTERS})', ' \\1 ', 'g') END)
    $$;
    CREATE FUNCTION task_document(title text, more text) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT CASE more WHEN '' THEN setweight(task_vector(title), 'A')
            ELSE setweight(task_vector(title), 'A') || task_vector(left(more, {MOST_SEARCHED})) END
    $$;
    CREATE FUNCTION task_query(input text) RETURNS tsquery LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT to_tsquery('simple', coalesce(string_agg(
            regexp_replace(trim(regexp_replace(word, '({CHARACTERS})', ' \\1 ', 'g')), ' +', ' <-> ', 'g')
            || CASE WHEN length(word) > 2 AND word !~ '{CHARACTERS}$' THEN ':*' ELSE '' END, ' & '), ''))
        FROM regexp_split_to_table(trim(task_words(input)), ' +') AS word WHERE word <> ''
    $$;
"""  # noqa: S608
NO_WORDS = """
    DROP FUNCTION task_query(text);
    DROP FUNCTION task_document(text, text);
    DROP FUNCTION task_vector(text);
    DROP FUNCTION task_words(text);
"""
SEARCH = f"""
    CREATE FUNCTION task_search_of(wanted uuid) RETURNS tsvector LANGUAGE sql STABLE AS $$
        SELECT task_document(title, description || coalesce(
            (SELECT E'\\n' || string_agg(text, E'\\n') FROM (
                SELECT text FROM task_comment WHERE task_comment.owner_id = tasks.owner_id AND task_id = wanted
                ORDER BY created_at DESC, id DESC LIMIT {MOST_COMMENTS}
            ) AS newest), '')) FROM tasks WHERE id = wanted
    $$;
    CREATE FUNCTION task_comment_search() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE task_search SET document = task_search_of(task_id) WHERE task_id = coalesce(NEW.task_id, OLD.task_id);
        RETURN NULL;
    END $$;
    CREATE TRIGGER task_comment_search AFTER INSERT OR DELETE OR UPDATE ON task_comment FOR EACH ROW
        EXECUTE FUNCTION task_comment_search();
"""  # noqa: S608
NO_SEARCH = """
    DROP TRIGGER task_comment_search ON task_comment;
    DROP FUNCTION task_comment_search();
    DROP FUNCTION task_search_of(uuid);
"""

# What follows from a change of a task in other rows
FOLLOW = """
    CREATE FUNCTION tasks_follow_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.deleted_at IS NULL THEN
            INSERT INTO task_search (task_id, owner_id, document)
            VALUES (NEW.id, NEW.owner_id, task_document(NEW.title, NEW.description));
        END IF;
        IF NEW.label_ids <> '{}' THEN
            PERFORM tasks_link_labels(NEW);
        END IF;
        IF NEW.parent_id IS NOT NULL THEN
            PERFORM tasks_count_child(NEW, 1);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER tasks_follow_insert AFTER INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION tasks_follow_insert();
    CREATE FUNCTION tasks_follow_update() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE
        moved bool := (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL);
        changed bool := OLD.status <> NEW.status;
    BEGIN
        IF NEW.deleted_at IS NOT NULL THEN
            IF moved THEN
                DELETE FROM task_search WHERE task_id = NEW.id;
            END IF;
        ELSIF moved OR OLD.title <> NEW.title OR OLD.description <> NEW.description OR OLD.owner_id <> NEW.owner_id THEN
            INSERT INTO task_search (task_id, owner_id, document) VALUES (NEW.id, NEW.owner_id, task_search_of(NEW.id))
            ON CONFLICT (task_id) DO UPDATE SET owner_id = EXCLUDED.owner_id, document = EXCLUDED.document;
        END IF;
        IF OLD.label_ids <> NEW.label_ids OR (NEW.label_ids <> '{}' AND (
            moved OR OLD.created_at <> NEW.created_at OR OLD.owner_id <> NEW.owner_id)) THEN
            PERFORM tasks_link_labels(NEW);
        END IF;
        IF (changed OR moved OR OLD.parent_id IS DISTINCT FROM NEW.parent_id)
            AND (OLD.parent_id IS NOT NULL OR NEW.parent_id IS NOT NULL) THEN
            PERFORM tasks_count_child(OLD, -1);
            PERFORM tasks_count_child(NEW, 1);
        END IF;
        IF (changed OR moved) AND EXISTS (SELECT FROM task_dependency WHERE needs_id = NEW.id) THEN
            PERFORM tasks_set_blocked(NEW.owner_id, ARRAY(
                SELECT task_id FROM task_dependency WHERE owner_id = NEW.owner_id AND needs_id = NEW.id ORDER BY task_id
            ));
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER tasks_follow_update AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION tasks_follow_update();
"""
NOT_FOLLOWED = """
    DROP TRIGGER tasks_follow_update ON tasks;
    DROP FUNCTION tasks_follow_update();
    DROP TRIGGER tasks_follow_insert ON tasks;
    DROP FUNCTION tasks_follow_insert();
"""
COUNTED = (
    "blocked",
    "due_key",
    "position",
    "priority_rank",
    "subtasks_done",
    "subtasks_total",
)  # nobody has changed it


class Migration(migrations.Migration):
    dependencies = [("tasks", "0008_lists_and_trash")]

    operations = [
        migrations.RunSQL(updated_at.reverse_sql, updated_at.sql),
        keep_updated_at("tasks", *COUNTED),
        migrations.RunSQL(version.reverse_sql, version.sql),
        keep_version("tasks", *columns, "list_id", "parent_id", "deleted_at"),
        migrations.RunSQL(KEYS, NO_KEYS),
        migrations.RunSQL(LABELS, NO_LABELS),
        migrations.RunSQL(BLOCKED, NOT_BLOCKED),
        migrations.RunSQL(CHILDREN, NO_CHILDREN),
        migrations.RunSQL(WORDS, NO_WORDS),
        migrations.RunSQL(SEARCH, NO_SEARCH),
        migrations.RunSQL(FOLLOW, NOT_FOLLOWED),
    ]
