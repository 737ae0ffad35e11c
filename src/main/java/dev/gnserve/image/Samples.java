package dev.gnserve.image;

/** Samples of 8 or 16 bits to float planes on the scale of 0 to 255. */
final class Samples {

    // ITU-R BT.601, as Pillow's convert("L").
    private static final float RED = 0.299f;
    private static final float GREEN = 0.587f;
    private static final float BLUE = 0.114f;

    private Samples() {}

    static PlanarImage toPlanes(UprightImage image, ChannelOrder order) {
        int width = image.width();
        int height = image.height();
        int area = width * height;
        int channels = order.channels();
        float[] values = new float[channels * area];
        float[] row = new float[width * image.channels()];
        for (int y = 0; y < height; y++) {
            readRow(image, y, row);
            int at = y * width;
            if (image.channels() == 1) {
                for (int c = 0; c < channels; c++) {
                    System.arraycopy(row, 0, values, c * area + at, width);
                }
            } else if (order == ChannelOrder.GRAY) {
                for (int x = 0, in = 0; x < width; x++, in += 3) {
                    values[at + x] = RED * row[in] + GREEN * row[in + 1] + BLUE * row[in + 2];
                }
            } else {
                int red = order == ChannelOrder.RGB ? at : 2 * area + at;
                int blue = order == ChannelOrder.RGB ? 2 * area + at : at;
                for (int x = 0, in = 0; x < width; x++, in += 3) {
                    values[red + x] = row[in];
                    values[area + at + x] = row[in + 1];
                    values[blue + x] = row[in + 2];
                }
            }
        }
        return new PlanarImage(channels, height, width, values);
    }

    private static void readRow(UprightImage image, int y, float[] row) {
        int in = y * row.length;
        if (image.samples() instanceof byte[] bytes) {
            for (int i = 0; i < row.length; i++) {
                row[i] = bytes[in + i] & 0xFF;
            }
        } else {
            short[] shorts = (short[]) image.samples();
            for (int i = 0; i < row.length; i++) {
                row[i] = (shorts[in + i] & 0xFFFF) / 257f;
            }
        }
    }
}
