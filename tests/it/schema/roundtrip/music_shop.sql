-- A shop that sells music: mixed case, spaces, numerics, self references.
CREATE TABLE "Artist" ("ArtistId" int NOT NULL, "Name" varchar(120), CONSTRAINT "PK_Artist" PRIMARY KEY ("ArtistId"));
CREATE TABLE "Album" ("AlbumId" int NOT NULL, "Title" varchar(160) NOT NULL, "ArtistId" int NOT NULL, CONSTRAINT "PK_Album" PRIMARY KEY ("AlbumId"));
CREATE TABLE "Employee" (
    "EmployeeId" int NOT NULL, "LastName" varchar(20) NOT NULL, "ReportsTo" int, "BirthDate" timestamp, "Address Line" varchar(70),
    CONSTRAINT "PK_Employee" PRIMARY KEY ("EmployeeId")
);
CREATE TABLE "Invoice" ("InvoiceId" int NOT NULL, "Total" numeric(10,2) NOT NULL, "BillingState" varchar(40) DEFAULT 'n/a', CONSTRAINT "PK_Invoice" PRIMARY KEY ("InvoiceId"));
CREATE TABLE "InvoiceLine" (
    "InvoiceLineId" int NOT NULL, "InvoiceId" int NOT NULL, "UnitPrice" numeric(10,2) NOT NULL, "Quantity" int NOT NULL,
    "Total" numeric GENERATED ALWAYS AS ("UnitPrice" * "Quantity") STORED,
    CONSTRAINT "PK_InvoiceLine" PRIMARY KEY ("InvoiceLineId"), CONSTRAINT "positive" CHECK ("Quantity" > 0)
);
CREATE TABLE "Playlist" ("PlaylistId" int NOT NULL, "Name" citext, CONSTRAINT "PK_Playlist" PRIMARY KEY ("PlaylistId"));
ALTER TABLE "Album" ADD CONSTRAINT "FK_AlbumArtistId" FOREIGN KEY ("ArtistId") REFERENCES "Artist" ("ArtistId") ON DELETE NO ACTION;
ALTER TABLE "Employee" ADD CONSTRAINT "FK_EmployeeReportsTo" FOREIGN KEY ("ReportsTo") REFERENCES "Employee" ("EmployeeId");
ALTER TABLE "InvoiceLine" ADD CONSTRAINT "FK_InvoiceLineInvoiceId" FOREIGN KEY ("InvoiceId") REFERENCES "Invoice" ("InvoiceId");
CREATE INDEX "IFK_AlbumArtistId" ON "Album" ("ArtistId");
CREATE INDEX "by total" ON "Invoice" ("Total" DESC) WHERE "BillingState" IN ('WA', 'CA');
CREATE UNIQUE INDEX "Playlist name" ON "Playlist" (lower("Name"::text) COLLATE "POSIX");
