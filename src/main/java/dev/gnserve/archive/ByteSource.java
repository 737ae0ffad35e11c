package dev.gnserve.archive;

/** Bytes with random access. Thread-safe. */
interface ByteSource {

    long size();

    /**
     * Reads exactly {@code length} bytes from {@code position}.
     *
     * @throws TorchScriptException if there are fewer
     */
    byte[] read(long position, int length);

    static ByteSource of(byte[] bytes) {
        return new ByteSource() {
            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public byte[] read(long position, int length) {
                if (position < 0 || length < 0 || position + length > bytes.length) {
                    throw new TorchScriptException("the archive ends at byte " + bytes.length
                            + ", inside one of its entries: it is truncated");
                }
                byte[] slice = new byte[length];
                System.arraycopy(bytes, (int) position, slice, 0, length);
                return slice;
            }
        };
    }
}
