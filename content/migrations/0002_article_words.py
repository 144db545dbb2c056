"""What the search reads of an article follows the article by itself: see `content.models.ArticleWords`.

`article_plain` is the database's half of `content.search.words`: lower case, no accents, no apostrophes, letters and
digits only. A text may be longer than a tsvector holds, so the search reads its first 200,000 characters.
"""

from django.db import migrations

PLAIN = """
CREATE FUNCTION article_plain(given text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = public, pg_catalog AS $$
SELECT regexp_replace(lower(unaccent(translate(left(given, 200000), '''’ʼ`´', ''))), '[^[:alnum:]]+', ' ', 'g')
$$
"""
WRITE = """
CREATE FUNCTION article_write_words() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_catalog AS $$
DECLARE
    stems regconfig := CASE NEW.language WHEN 'en' THEN 'english' ELSE 'simple' END;
    title text := article_plain(NEW.title);
    about text := article_plain(array_to_string(NEW.tags, ' ') || ' ' || NEW.excerpt);
    found_by tsvector;
BEGIN
    IF NEW.status <> 'published' THEN
        DELETE FROM content_articlewords WHERE id = NEW.id;
        RETURN NULL;
    END IF;
    found_by := setweight(to_tsvector(stems, title), 'A') || setweight(to_tsvector(stems, about), 'B');
    IF NEW.language = 'en' THEN
        found_by := found_by || setweight(strip(to_tsvector('simple', title || ' ' || about)), 'D');
    END IF;
    INSERT INTO content_articlewords (id, language, category, published_at, head, words)
    VALUES (
        NEW.id, NEW.language, NEW.category, NEW.published_at, found_by,
        found_by || setweight(to_tsvector(stems, article_plain(NEW.body)), 'C')
    )
    ON CONFLICT (id) DO UPDATE SET
        language = EXCLUDED.language, category = EXCLUDED.category, published_at = EXCLUDED.published_at,
        head = EXCLUDED.head, words = EXCLUDED.words;
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER article_words_follow
AFTER INSERT OR UPDATE OF title, excerpt, body, tags, language, category, status, published_at ON content_article
FOR EACH ROW EXECUTE FUNCTION article_write_words()
"""


class Migration(migrations.Migration):
    dependencies = [("content", "0001_initial"), ("clinics", "0001_initial")]

    operations = [
        migrations.RunSQL(PLAIN, "DROP FUNCTION article_plain(text)"),
        migrations.RunSQL(WRITE, "DROP FUNCTION article_write_words()"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER article_words_follow ON content_article"),
    ]
