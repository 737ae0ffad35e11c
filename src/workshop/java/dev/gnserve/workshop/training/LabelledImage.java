package dev.gnserve.workshop.training;

/** One image with its truth, ready for the network. Arrays are shared, not copied. */
final class LabelledImage {

    private final String file;
    private final String type;
    private final int width;
    private final int height;
    private final float[] planes;
    private final int[] ids;

    LabelledImage(String file, String type, int width, int height, float[] planes, int[] ids) {
        if (planes.length != 3 * width * height || ids.length != width * height) {
            throw new IllegalArgumentException(file + ": image and mask differ in size");
        }
        this.file = file;
        this.type = type;
        this.width = width;
        this.height = height;
        this.planes = planes;
        this.ids = ids;
    }

    /** Name of its file, which is its name in the data set. */
    String file() {
        return file;
    }

    /** Kind of image, for reports and for drawing rare kinds more often. */
    String type() {
        return type;
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    int pixels() {
        return width * height;
    }

    /** float32 [3, height, width], normalized. */
    float[] planes() {
        return planes;
    }

    /** int32 [height, width]: 0 is background, 1..n are objects. */
    int[] ids() {
        return ids;
    }
}
