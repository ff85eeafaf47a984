BEGIN TRANSACTION;
CREATE TABLE events(
  seq INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,
  body TEXT NOT NULL, chain BLOB NOT NULL);
INSERT INTO "events" VALUES(1,1760000007000000001,'hub.started','hub','{"text":"Hub started for The Hague","version":"0.1.0","epoch":"ec7d68de-96a3-4047-9a0f-fb93658a9971"}',X'2B1AE08E485FF5758F1D1C4BEA3A82CBEDD9318D8E4BF32B0B88399597B0243F');
INSERT INTO "events" VALUES(2,1760000014000000002,'operator.joined','Ada (traffic)','{"name":"Ada","department":"traffic","console_id":"console-1"}',X'B64F2F03138C8A648BD87C0F4161986292412B781CE6F94F3042EC4156211E63');
INSERT INTO "events" VALUES(3,1760000021000000003,'command.submitted','Ada (traffic)','{"request":{"id":"0199cb10-0000-7000-8000-000000000000","type_id":"signal.set_plan","type_version":1,"target_id":"signal-0","target_name":"Signal “Grote Markt”","args":{"plan":2},"reason":"tab\there, quote \" and \\, \u0001, ü, 🚦"},"operator":{"name":"Ada","department":"traffic","console_id":"console-1"},"effect_text":"plan is 2"}',X'A7E67A3A654115088044E1D70751425B46B3FD5E1412016FFAFDAAA7B2A54B61');
INSERT INTO "events" VALUES(4,1760000028000000004,'command.state','hub','{"id":"0199cb10-0000-7000-8000-000000000000","state":"QUEUED","text":"Waits for an actuator"}',X'325E32A5252CE275BC533901153BEDDE0D6433CBA226780F98D05ECA61923326');
INSERT INTO "events" VALUES(5,1760000035000000005,'note.added','Ada (traffic)','{"id":"note-0","text":"line one\nline two"}',X'43C459DACAFB2EA4CB1810D06387285FA4ABE27429A5141A29EC57EFC4B78B2D');
INSERT INTO "events" VALUES(6,1760000042000000006,'command.state','simulator','{"id":"0199cb10-0000-7000-8000-000000000000","state":"FAILED","text":"No answer","observed":1.5e-7}',X'9828AF8ACE9A03A2E571FAAD5ECF4317C3E8D50229729046E239F2DADBEB9652');
INSERT INTO "events" VALUES(7,1760000049000000007,'command.submitted','Ada (traffic)','{"request":{"id":"0199cb10-0000-7000-8000-000000000001","type_id":"signal.set_plan","type_version":1,"target_id":"signal-1","target_name":"Signal “Grote Markt”","args":{"plan":2},"reason":"tab\there, quote \" and \\, \u0001, ü, 🚦"},"operator":{"name":"Ada","department":"traffic","console_id":"console-1"},"effect_text":"plan is 2"}',X'E1F3AB06B07388AEE324217A42A9E66590DE09169D34CEEDEC40417C2A0ED3A0');
INSERT INTO "events" VALUES(8,1760000056000000008,'command.state','hub','{"id":"0199cb10-0000-7000-8000-000000000001","state":"QUEUED","text":"Waits for an actuator"}',X'277EFDA8F713B2CF2DF32626EF9DDF5C89C85CABF034DFDE3C0555700853FACA');
INSERT INTO "events" VALUES(9,1760000063000000009,'note.added','Ada (traffic)','{"id":"note-1","text":"line one\nline two"}',X'A27A0D708487D152AB214CF399AB50AD0895FC17E8B30881D7B5EFD16EFD864A');
INSERT INTO "events" VALUES(10,1760000070000000010,'command.state','simulator','{"id":"0199cb10-0000-7000-8000-000000000001","state":"FAILED","text":"No answer","observed":1.5e-7}',X'D5264B3BB8040F5E1EA44B7B065934E8938EE4AE6AAE33DE2E7FB803F2DFEC2F');
INSERT INTO "events" VALUES(11,1760000077000000011,'command.submitted','Ada (traffic)','{"request":{"id":"0199cb10-0000-7000-8000-000000000002","type_id":"signal.set_plan","type_version":1,"target_id":"signal-2","target_name":"Signal “Grote Markt”","args":{"plan":2},"reason":"tab\there, quote \" and \\, \u0001, ü, 🚦"},"operator":{"name":"Ada","department":"traffic","console_id":"console-1"},"effect_text":"plan is 2"}',X'75C238C257944CCC3C2CDFBE12930D486EC87C5A81EF3D970B43D399F93D041B');
INSERT INTO "events" VALUES(12,1760000084000000012,'command.state','hub','{"id":"0199cb10-0000-7000-8000-000000000002","state":"QUEUED","text":"Waits for an actuator"}',X'F149012BCC0A0DC42EA7FB01CD68D1B8DE64447289FA09519EA7E3F843446B0F');
INSERT INTO "events" VALUES(13,1760000091000000013,'note.added','Ada (traffic)','{"id":"note-2","text":"line one\nline two"}',X'95B725DDF087C1D41BC358D3F3D69600A223018D3BB6B803235914B726C55079');
INSERT INTO "events" VALUES(14,1760000098000000014,'command.state','simulator','{"id":"0199cb10-0000-7000-8000-000000000002","state":"FAILED","text":"No answer","observed":1.5e-7}',X'A6367A57F7F5E3D4E0CF7FC4C75337146E0E41CD1FDCA3A77955D4D0B3C453CF');
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('epoch','ec7d68de-96a3-4047-9a0f-fb93658a9971');
INSERT INTO "meta" VALUES('schema','1');
COMMIT;
