-- A store as version 5 of the tables wrote it. Never changed: the newest syncd must still read it.
PRAGMA application_id = 1517907555;
PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'syncd','1','2026-11-23 16:25:45.540233+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'syncd','2','2026-11-25 07:58:35.580987+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'syncd','3','2026-11-25 12:36:28.956740+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'syncd','4','2026-11-25 13:22:15.462476+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'syncd','5','2026-11-25 14:00:29.357115+00:00');
CREATE TABLE account (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        base_url TEXT NOT NULL,
        client_id TEXT NOT NULL
    ) STRICT;
INSERT INTO "account" VALUES(1,'https://api.example.org','salon');
CREATE TABLE asks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        verb TEXT,
        booking_ids TEXT NOT NULL,
        at TEXT NOT NULL,
        answered_at TEXT,
        answer TEXT
    , wanted TEXT, taken_at TEXT, reply TEXT) STRICT;
INSERT INTO "asks" VALUES(1,'approved','["b1"]','2026-11-20T09:00:00.000000+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "asks" VALUES(2,NULL,'[]','2026-11-20T09:00:00.000000+00:00',NULL,NULL,NULL,'2026-11-20T09:00:00.000000+00:00',NULL);
INSERT INTO "asks" VALUES(3,NULL,'[]','2026-11-20T09:00:00.000000+00:00',NULL,NULL,'{"service_id":"cut","location_id":"loc_1","start":"2026-11-24T10:00:00Z","contact_name":"Ann Example","contact_email":"ann@example.org","kind":"book"}',NULL,NULL);
CREATE TABLE calendars (
        url TEXT PRIMARY KEY,
        cursor TEXT,
        full_at TEXT
    ) STRICT;
INSERT INTO "calendars" VALUES('https://dav.example.org/desk/bookings/','c1','2026-11-20T09:00:00.000000+00:00');
CREATE TABLE candidates (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        calendar TEXT NOT NULL,
        href TEXT NOT NULL,
        gone_at TEXT,
        json TEXT NOT NULL,
        UNIQUE (calendar, href)
    ) STRICT;
INSERT INTO "candidates" VALUES(1,'https://dav.example.org/desk/bookings/','/desk/bookings/wish.ics',NULL,'{"id":0,"calendar":"https://dav.example.org/desk/bookings/","href":"/desk/bookings/wish.ics","etag":"\"9\"","version":"f","wish":"w","stage":"awaiting","since":"2026-11-20T09:00:00Z","first":false,"start":"2026-11-24T10:00:00Z","service_id":"cut","location_id":"loc_1","note":null,"told":"","booking_id":null,"gone":false}');
CREATE TABLE clock (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        wall TEXT NOT NULL,
        boot TEXT NOT NULL,
        elapsed REAL NOT NULL
    ) STRICT;
INSERT INTO "clock" VALUES(1,'2026-11-20T09:00:00.000000+00:00','boot-1',12.5);
CREATE TABLE cycles (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        begun_at TEXT NOT NULL,
        ended_at TEXT,
        outcome TEXT,
        json TEXT
    ) STRICT;
INSERT INTO "cycles" VALUES(1,'2026-11-20T09:00:00.000000+00:00','2026-11-20T09:00:00.000000+00:00','good','{"outcome":"good","exit_code":0,"line":"1 created","counts":{"created":1},"problems":[{"kind":"parked","key":"b7","text":"no time"}],"sides":{"zimun":"ok"}}');
CREATE TABLE facts (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT;
INSERT INTO "facts" VALUES('catalog','{}');
INSERT INTO "facts" VALUES('openings.position','["https://dav.example.org/open/", "o1", "2026-11-20T09:00:00.000000+00:00"]');
CREATE TABLE history (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        cycle INTEGER NOT NULL,
        booking_id TEXT NOT NULL,
        side TEXT NOT NULL,
        what TEXT NOT NULL,
        why TEXT NOT NULL,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT;
INSERT INTO "history" VALUES(1,'2026-11-20T09:00:00.000000+00:00',1,'b3','calendar','event.created','new','done','2026-11-24T10:00Z');
CREATE TABLE intents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        cycle INTEGER NOT NULL REFERENCES cycles (number),
        at TEXT NOT NULL,
        json TEXT NOT NULL,
        outcome TEXT,
        closed_at TEXT
    ) STRICT;
INSERT INTO "intents" VALUES(1,'cd2c5f40-6b7a-40a3-904b-5b3865e41df7',1,'2026-11-20T09:00:00.000000+00:00','','done','2026-11-20T09:00:00.000000+00:00');
INSERT INTO "intents" VALUES(2,'6ced2e33-8849-4540-95ad-c9b61009e151',1,'2026-11-20T09:00:00.000000+00:00','{"booking_id":"b1","why":"event_moved","before":{"booking_id":"b1","calendar":"https://dav.example.org/desk/bookings/","href":"/desk/bookings/b1.ics","uid":"b1@zimun","booking":{"id":"b1","start":"2026-11-24T10:00:00Z","end":"2026-11-24T11:00:00Z","status":"confirmed","service_id":"","location_id":"","contact_name":"Ann Example","contact_email":"","contact_phone":"","notes":"","staff_name":"","updated_at":null},"start":{"value":"20261124T100000Z","tzid":"","kind":"utc","instant":"2026-11-24T10:00:00Z"},"texts":{"title":"Haircut – Ann","place":"Main street","lines":{"service":"Haircut","name":"Ann"}},"data":"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n","event":null,"etag":"\"1\"","replay":"before","note":null,"pending":null,"wish":null,"refusal":null,"deletion":null,"missing":null,"awaiting":null,"put_backs":[],"wrote":null,"leftovers":[],"closed":null},"link":{"booking_id":"b1","calendar":"https://dav.example.org/desk/bookings/","href":"/desk/bookings/b1.ics","uid":"b1@zimun","booking":{"id":"b1","start":"2026-11-24T11:00:00Z","end":"2026-11-24T12:00:00Z","status":"confirmed","service_id":"","location_id":"","contact_name":"Ann Example","contact_email":"","contact_phone":"","notes":"","staff_name":"","updated_at":null},"start":{"value":"20261124T110000Z","tzid":"","kind":"utc","instant":"2026-11-24T11:00:00Z"},"texts":{"title":"Haircut – Ann","place":"Main street","lines":{"service":"Haircut","name":"Ann"}},"data":"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n","event":null,"etag":"\"1\"","replay":"","note":null,"pending":null,"wish":null,"refusal":null,"deletion":null,"missing":null,"awaiting":null,"put_backs":[],"wrote":null,"leftovers":[],"closed":null},"expect":{"id":"b1","start":"2026-11-24T10:00:00Z","end":"2026-11-24T11:00:00Z","status":"confirmed","service_id":"","location_id":"","contact_name":"Ann Example","contact_email":"","contact_phone":"","notes":"","staff_name":"","updated_at":null},"to":"2026-11-24T11:00:00Z","kind":"reschedule"}',NULL,NULL);
INSERT INTO "intents" VALUES(3,'ef478d93-6b57-4729-a92e-31ba79e9e6fd',1,'2026-11-20T09:00:00.000000+00:00','','done','2026-11-20T09:00:00.000000+00:00');
INSERT INTO "intents" VALUES(4,'43d40569-0d2b-4cd5-8c5e-cf08e60aaa74',1,'2026-11-20T09:00:00.000000+00:00','{"booking_id":"request-1","why":"by_hand","request":{"service_id":"cut","location_id":"loc_1","start":"2026-11-24T10:00:00Z","contact_name":"Ann Example","contact_email":"ann@example.org","kind":"book"},"hold_id":"h_1","end":"2026-11-24T11:00:00Z","ask":2,"kind":"confirm"}',NULL,NULL);
INSERT INTO "intents" VALUES(5,'f04f6e53-3491-4827-8258-d99a6e9cdec0',1,'2026-11-20T09:00:00.000000+00:00','{"booking_id":"event-1","why":"requested","request":{"service_id":"cut","location_id":"loc_1","start":"2026-11-24T10:00:00Z","contact_name":"Ann Example","contact_email":"ann@example.org","kind":"book"},"ask":null,"candidate":1,"kind":"hold"}',NULL,NULL);
CREATE TABLE known (
        booking_id TEXT PRIMARY KEY,
        json TEXT NOT NULL
    ) STRICT;
INSERT INTO "known" VALUES('b4','{"booking":{"id":"b4","start":"2026-11-24T10:00:00Z","end":"2026-11-24T11:00:00Z","status":"confirmed","service_id":"","location_id":"","contact_name":"Ann Example","contact_email":"","contact_phone":"","notes":"","staff_name":"","updated_at":null},"at":"2026-11-20T09:00:00Z","before":null}');
CREATE TABLE links (
        booking_id TEXT PRIMARY KEY,
        closed_at TEXT,
        json TEXT NOT NULL
    ) STRICT;
INSERT INTO "links" VALUES('b1',NULL,'{"booking_id":"b1","calendar":"https://dav.example.org/desk/bookings/","href":"/desk/bookings/b1.ics","uid":"b1@zimun","booking":{"id":"b1","start":"2026-11-24T10:00:00Z","end":"2026-11-24T11:00:00Z","status":"confirmed","service_id":"","location_id":"","contact_name":"Ann Example","contact_email":"","contact_phone":"","notes":"","staff_name":"","updated_at":null},"start":{"value":"20261124T100000Z","tzid":"","kind":"utc","instant":"2026-11-24T10:00:00Z"},"texts":{"title":"Haircut – Ann","place":"Main street","lines":{"service":"Haircut","name":"Ann"}},"data":"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n","event":null,"etag":"\"1\"","replay":"before","note":null,"pending":null,"wish":null,"refusal":null,"deletion":null,"missing":null,"awaiting":null,"put_backs":[],"wrote":null,"leftovers":[],"closed":null}');
INSERT INTO "links" VALUES('b2','2026-11-20T09:00:00.000000+00:00','{"booking_id":"b2","calendar":"https://dav.example.org/desk/bookings/","href":"/desk/bookings/b2.ics","uid":"b2@zimun","booking":{"id":"b2","start":"2026-11-24T10:00:00Z","end":"2026-11-24T11:00:00Z","status":"confirmed","service_id":"","location_id":"","contact_name":"Ann Example","contact_email":"","contact_phone":"","notes":"","staff_name":"","updated_at":null},"start":{"value":"20261124T100000Z","tzid":"","kind":"utc","instant":"2026-11-24T10:00:00Z"},"texts":{"title":"Haircut – Ann","place":"Main street","lines":{"service":"Haircut","name":"Ann"}},"data":"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n","event":null,"etag":"\"1\"","replay":"","note":null,"pending":null,"wish":null,"refusal":null,"deletion":null,"missing":null,"awaiting":null,"put_backs":[],"wrote":null,"leftovers":[],"closed":{"at":"2026-11-20T09:00:00Z","why":"cancelled","etag":"\"1\""}}');
INSERT INTO "links" VALUES('b3',NULL,'{"booking_id":"b3","calendar":"https://dav.example.org/desk/bookings/","href":"/desk/bookings/b3.ics","uid":"b3@zimun","booking":{"id":"b3","start":"2026-11-24T10:00:00Z","end":"2026-11-24T11:00:00Z","status":"confirmed","service_id":"","location_id":"","contact_name":"Ann Example","contact_email":"","contact_phone":"","notes":"","staff_name":"","updated_at":null},"start":{"value":"20261124T100000Z","tzid":"","kind":"utc","instant":"2026-11-24T10:00:00Z"},"texts":{"title":"Haircut – Ann","place":"Main street","lines":{"service":"Haircut","name":"Ann"}},"data":"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n","event":null,"etag":"\"1\"","replay":"","note":null,"pending":null,"wish":null,"refusal":null,"deletion":null,"missing":null,"awaiting":null,"put_backs":[],"wrote":null,"leftovers":[],"closed":null}');
CREATE TABLE observations (
        calendar TEXT NOT NULL REFERENCES calendars (url) ON DELETE CASCADE,
        href TEXT NOT NULL,
        etag TEXT,
        json TEXT,
        PRIMARY KEY (calendar, href)
    ) STRICT;
INSERT INTO "observations" VALUES('https://dav.example.org/desk/bookings/','/desk/bookings/b1.ics','"1"','{"calendar":"https://dav.example.org/desk/bookings/","href":"/desk/bookings/b1.ics","etag":"\"1\"","seen_at":"2026-11-20T09:00:00Z","event":{"uid":"b1@zimun","booking_id":"b1","start":{"value":"20261124T100000Z","tzid":"","kind":"utc","instant":"2026-11-24T10:00:00Z"},"end":{"value":"20261124T110000Z","tzid":"","kind":"utc","instant":"2026-11-24T11:00:00Z"},"title":"Haircut","place":"","description":"","noted":false,"recurring":false,"cancelled":false,"fingerprint":"f"},"data":"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n","fault":""}');
INSERT INTO "observations" VALUES('https://dav.example.org/desk/bookings/','/desk/bookings/dentist.ics','"9"',NULL);
INSERT INTO "observations" VALUES('https://dav.example.org/desk/bookings/','/desk/bookings/b3.ics','"1"','{"calendar":"https://dav.example.org/desk/bookings/","href":"/desk/bookings/b3.ics","etag":"\"1\"","seen_at":"2026-11-20T09:00:00Z","event":{"uid":"b3@zimun","booking_id":"b3","start":{"value":"20261124T100000Z","tzid":"","kind":"utc","instant":"2026-11-24T10:00:00Z"},"end":{"value":"20261124T110000Z","tzid":"","kind":"utc","instant":"2026-11-24T11:00:00Z"},"title":"Haircut","place":"","description":"","noted":false,"recurring":false,"cancelled":false,"fingerprint":"f"},"data":"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n","fault":""}');
CREATE TABLE open_days (
        service_id TEXT NOT NULL,
        location_id TEXT NOT NULL,
        day TEXT NOT NULL,
        json TEXT NOT NULL,
        PRIMARY KEY (service_id, location_id, day)
    ) STRICT;
INSERT INTO "open_days" VALUES('cut','loc_1','2026-11-24','{"service_id":"cut","location_id":"loc_1","day":"2026-11-24","tried_at":"2026-11-20T09:00:00Z","read_at":"2026-11-20T09:00:00Z","slots":[{"service_id":"cut","location_id":"loc_1","start":"2026-11-24T09:00:00Z","end":null}],"stale":false}');
CREATE TABLE openings (
        calendar TEXT NOT NULL,
        href TEXT NOT NULL,
        json TEXT NOT NULL,
        PRIMARY KEY (calendar, href)
    ) STRICT;
INSERT INTO "openings" VALUES('https://dav.example.org/open/','/open/cut.loc_1.20261124T090000Z.ics','{"href":"/open/cut.loc_1.20261124T090000Z.ics","etag":"\"1\"","service_id":"cut","location_id":"loc_1","start":"2026-11-24T09:00:00Z","from_":"2026-11-24T09:00:00Z","until":"2026-11-24T09:15:00Z","face":"f","said":"s","edited":false,"put_back_at":[]}');
CREATE TABLE request_calendars (
        url TEXT PRIMARY KEY,
        read_at TEXT NOT NULL
    ) STRICT;
INSERT INTO "request_calendars" VALUES('https://dav.example.org/desk/bookings/','2026-11-20T09:00:00.000000+00:00');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX cycles_good ON cycles (number) WHERE outcome = 'good';
CREATE INDEX intents_open ON intents (id) WHERE closed_at IS NULL;
CREATE INDEX intents_cycle ON intents (cycle);
CREATE INDEX history_booking ON history (booking_id);
CREATE INDEX history_at ON history (at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('cycles',1);
INSERT INTO "sqlite_sequence" VALUES('intents',5);
INSERT INTO "sqlite_sequence" VALUES('asks',3);
INSERT INTO "sqlite_sequence" VALUES('candidates',1);
COMMIT;
