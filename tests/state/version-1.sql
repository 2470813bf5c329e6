PRAGMA application_id = 1129468756;
BEGIN TRANSACTION;
CREATE TABLE accounts (
	id INTEGER NOT NULL, 
	fingerprint BLOB NOT NULL CONSTRAINT ck_accounts_bytes CHECK (length(fingerprint) = 16), 
	epoch INTEGER NOT NULL, 
	CONSTRAINT pk_accounts PRIMARY KEY (id), 
	CONSTRAINT uq_accounts_fingerprint UNIQUE (fingerprint)
);
INSERT INTO "accounts" VALUES(1,X'66666666666666666666666666666666',1);
CREATE TABLE campaigns (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	edition VARCHAR, 
	CONSTRAINT pk_campaigns PRIMARY KEY (id)
);
INSERT INTO "campaigns" VALUES(1,'recall',NULL);
INSERT INTO "campaigns" VALUES(2,'recall','2');
INSERT INTO "campaigns" VALUES(3,'other',NULL);
CREATE TABLE chunks (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	campaign_id INTEGER NOT NULL, 
	content_id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	account VARCHAR NOT NULL, 
	run_id INTEGER NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	recipients INTEGER NOT NULL CONSTRAINT ck_chunks_somebody CHECK (recipients > 0), 
	probe BOOLEAN NOT NULL, 
	timeout_s FLOAT NOT NULL, 
	recorded_at VARCHAR NOT NULL, 
	recorded_boottime_s FLOAT NOT NULL, 
	recorded_boot_id VARCHAR NOT NULL, 
	ended_at VARCHAR, 
	ended_boottime_s FLOAT, 
	ended_boot_id VARCHAR, 
	provider_id VARCHAR, 
	cost VARCHAR, 
	currency VARCHAR, 
	counted INTEGER, 
	audio_name VARCHAR, 
	reason VARCHAR, 
	settled_at VARCHAR, 
	settled_by VARCHAR, 
	CONSTRAINT pk_chunks PRIMARY KEY (id), 
	CONSTRAINT ck_chunks_released_by_somebody CHECK (status <> 'released' or settled_at is not null), 
	CONSTRAINT uq_chunks_name UNIQUE (name), 
	CONSTRAINT fk_chunks_campaign_id FOREIGN KEY(campaign_id) REFERENCES campaigns (id), 
	CONSTRAINT fk_chunks_content_id FOREIGN KEY(content_id) REFERENCES contents (id), 
	CONSTRAINT fk_chunks_account_id FOREIGN KEY(account_id) REFERENCES accounts (id), 
	CONSTRAINT fk_chunks_run_id FOREIGN KEY(run_id) REFERENCES runs (id), 
	CONSTRAINT ck_chunks_status CHECK (status IN ('sending', 'unknown', 'accepted', 'rejected', 'released'))
);
INSERT INTO "chunks" VALUES(1,'mwjcsxsphc',1,1,1,'main',1,'accepted',2,0,30.0,'2026-11-24T10:00:00.000000+00:00',1000.0,'this-boot','2026-11-24T10:00:00.000000+00:00',1000.0,'this-boot','p1','0.30','EUR',2,'recall.wav',NULL,NULL,NULL);
INSERT INTO "chunks" VALUES(2,'rddskqsjdq',1,1,1,'main',1,'unknown',1,0,30.0,'2026-11-24T10:00:12.000000+00:00',1012.0,'this-boot','2026-11-24T10:00:12.000000+00:00',1012.0,'this-boot',NULL,NULL,NULL,NULL,NULL,'lost',NULL,NULL);
INSERT INTO "chunks" VALUES(3,'dkfgcdppmz',2,2,1,'main',1,'rejected',1,0,30.0,'2026-11-24T10:00:24.000000+00:00',1024.0,'this-boot','2026-11-24T10:00:24.000000+00:00',1024.0,'this-boot',NULL,NULL,NULL,NULL,NULL,'no',NULL,NULL);
INSERT INTO "chunks" VALUES(4,'dvsnjbcbxv',1,1,1,'main',1,'rejected',1,0,30.0,'2026-11-24T10:00:36.000000+00:00',1036.0,'this-boot','2026-11-24T10:00:36.000000+00:00',1036.0,'this-boot',NULL,NULL,NULL,NULL,NULL,'no',NULL,NULL);
INSERT INTO "chunks" VALUES(5,'tdkqdrswgz',3,3,1,'main',1,'released',1,0,30.0,'2026-11-24T10:00:48.000000+00:00',1048.0,'this-boot','2026-11-24T10:00:48.000000+00:00',1048.0,'this-boot',NULL,NULL,NULL,NULL,NULL,'lost','2026-11-24T10:00:48.000000+00:00','ops@host');
INSERT INTO "chunks" VALUES(6,'mfjbttcmsk',2,2,1,'main',1,'sending',2,0,30.0,'2026-11-24T10:01:00.000000+00:00',1060.0,'this-boot',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE contents (
	id INTEGER NOT NULL, 
	campaign_id INTEGER NOT NULL, 
	digest BLOB NOT NULL CONSTRAINT ck_contents_bytes CHECK (length(digest) = 32), 
	audio VARCHAR NOT NULL, 
	notify_email VARCHAR NOT NULL, 
	sender_pseudonym BLOB, 
	sender_masked VARCHAR, 
	notify_url VARCHAR, 
	schedule VARCHAR, 
	CONSTRAINT pk_contents PRIMARY KEY (id), 
	CONSTRAINT uq_contents_campaign_id_digest UNIQUE (campaign_id, digest), 
	CONSTRAINT fk_contents_campaign_id FOREIGN KEY(campaign_id) REFERENCES campaigns (id)
);
INSERT INTO "contents" VALUES(1,1,X'AFCB9F398A1DE7610C597B4C4C0B325F660DA2831A256B2BADA7040488DFD565','audio-1','ops@example.fr',NULL,NULL,NULL,NULL);
INSERT INTO "contents" VALUES(2,2,X'AFCB9F398A1DE7610C597B4C4C0B325F660DA2831A256B2BADA7040488DFD565','audio-1','ops@example.fr',NULL,NULL,NULL,NULL);
INSERT INTO "contents" VALUES(3,3,X'AFCB9F398A1DE7610C597B4C4C0B325F660DA2831A256B2BADA7040488DFD565','audio-1','ops@example.fr',NULL,NULL,NULL,NULL);
CREATE TABLE recipients (
	campaign_id INTEGER NOT NULL, 
	pseudonym BLOB NOT NULL CONSTRAINT ck_recipients_bytes CHECK (length(pseudonym) = 16), 
	chunk_id INTEGER NOT NULL, 
	CONSTRAINT pk_recipients PRIMARY KEY (campaign_id, pseudonym), 
	CONSTRAINT fk_recipients_campaign_id FOREIGN KEY(campaign_id) REFERENCES campaigns (id), 
	CONSTRAINT fk_recipients_chunk_id FOREIGN KEY(chunk_id) REFERENCES chunks (id)
)
 WITHOUT ROWID

;
INSERT INTO "recipients" VALUES(1,X'6B86B273FF34FCE19D6B804EFF5A3F57',1);
INSERT INTO "recipients" VALUES(1,X'D4735E3A265E16EEE03F59718B9B5D03',1);
INSERT INTO "recipients" VALUES(1,X'4E07408562BEDB8B60CE05C1DECFE3AD',2);
INSERT INTO "recipients" VALUES(2,X'2C624232CDD221771294DFBB310ACA00',6);
INSERT INTO "recipients" VALUES(2,X'7902699BE42C8A8E46FBBB4501726517',6);
CREATE TABLE refused (
	content_id INTEGER NOT NULL, 
	pseudonym BLOB NOT NULL CONSTRAINT ck_refused_bytes CHECK (length(pseudonym) = 16), 
	chunk_id INTEGER NOT NULL, 
	CONSTRAINT pk_refused PRIMARY KEY (content_id, pseudonym), 
	CONSTRAINT fk_refused_content_id FOREIGN KEY(content_id) REFERENCES contents (id), 
	CONSTRAINT fk_refused_chunk_id FOREIGN KEY(chunk_id) REFERENCES chunks (id)
)
 WITHOUT ROWID

;
INSERT INTO "refused" VALUES(1,X'EF2D127DE37B942BAAD06145E54B0C61',4);
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	account_id INTEGER NOT NULL, 
	user VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	boot_id VARCHAR NOT NULL, 
	pid_namespace VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	process_started VARCHAR NOT NULL, 
	command VARCHAR NOT NULL, 
	since VARCHAR NOT NULL, 
	CONSTRAINT pk_runs PRIMARY KEY (id), 
	CONSTRAINT fk_runs_account_id FOREIGN KEY(account_id) REFERENCES accounts (id)
);
INSERT INTO "runs" VALUES(1,1,'ops','host','this-boot','pid:[1]',1234,'99','campaign apply','2026-11-24T10:00:00.000000+00:00');
CREATE TABLE state (
	singleton INTEGER NOT NULL CONSTRAINT ck_state_one_row CHECK (singleton = 1), 
	version INTEGER NOT NULL, 
	state_id VARCHAR NOT NULL, 
	serial INTEGER NOT NULL, 
	check_value BLOB NOT NULL, 
	created_at VARCHAR NOT NULL, 
	CONSTRAINT pk_state PRIMARY KEY (singleton)
);
INSERT INTO "state" VALUES(1,1,'c876b87e3c0146ecabd2b19aadb2b7dc',6,X'F5BF7C6F665566C6BF6D2B5EAD7E0289','2026-11-24T10:00:00.000000+00:00');
CREATE UNIQUE INDEX uq_campaigns_name ON campaigns (name) WHERE edition IS NULL;
CREATE UNIQUE INDEX uq_campaigns_name_edition ON campaigns (name, edition) WHERE edition IS NOT NULL;
CREATE INDEX ix_runs_account_id ON runs (account_id);
CREATE INDEX ix_chunks_campaign_id ON chunks (campaign_id);
CREATE INDEX ix_chunks_account_id ON chunks (account_id);
CREATE INDEX ix_chunks_status ON chunks (status);
CREATE INDEX ix_recipients_chunk_id ON recipients (chunk_id);
CREATE INDEX ix_refused_chunk_id ON refused (chunk_id);
COMMIT;
