-- Which functions of an image are compiled. Their code is not kept here: any node makes the same of the same image.

CREATE TABLE compiled_functions (
    image_digest     text NOT NULL REFERENCES images ON DELETE CASCADE,
    -- Of the compiler's text: another compiler makes other code, and has rows of its own.
    compiler_digest  text NOT NULL,
    -- 1, 2, 3...: what becomes hot later is compiled with what was before.
    generation       integer NOT NULL,
    -- Of the image and the code together.
    digest           text NOT NULL,
    -- Where their bytecode lies in the image, those that matter most first, and those too that could not be compiled.
    addresses        bigint[] NOT NULL,
    -- The names of those that were compiled.
    names            text[] NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_digest, compiler_digest, generation)
);

-- Only the same image with the same compiled functions uses the same fuel. NULL: all of it was interpreted.
ALTER TABLE recordings ADD COLUMN compiled_digest text;
ALTER TABLE invocations ADD COLUMN compiled_digest text;
