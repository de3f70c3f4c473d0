-- The end of RunCloud's certificate before the order, 0 where there was none; NULL where it was not known. A later one
-- shows that an order which was cut off did go out.
ALTER TABLE certificate_order ADD COLUMN before INTEGER;
