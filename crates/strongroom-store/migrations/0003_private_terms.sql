-- Search terms made of private fields (who the person was) are erased together with those fields.
-- Level-0 tiles that have such terms keep the latest time of their entries until then.
-- All that the follower derives is derived anew: of older terms nobody can tell which are private.

ALTER TABLE term ADD COLUMN private BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tile ADD COLUMN last_time BIGINT;

DELETE FROM term;
DELETE FROM tile;
UPDATE context_key SET sealed = 0, last_opened = NULL;

CREATE INDEX term_that_is_private ON term (workspace, tile) WHERE private = 1;
CREATE INDEX tile_with_private_terms ON tile (last_time) WHERE last_time IS NOT NULL;
