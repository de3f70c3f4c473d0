-- RunCloud's id of the entry, as it was last listed under this name; NULL until it was. It tells whether an entry is
-- the one it was, which the name that a listing gives it does not.
ALTER TABLE owned ADD COLUMN id INTEGER;
