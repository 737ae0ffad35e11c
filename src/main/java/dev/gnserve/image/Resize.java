package dev.gnserve.image;

/** How an image is brought to the scale that a network was trained at. Scaling is antialiased bilinear. */
public sealed interface Resize {

    /** The size an image is scaled to. */
    Size scaled(int width, int height);

    /** The size it is padded to at least, to the right and at the bottom. */
    default Size canvas(int width, int height) {
        return scaled(width, height);
    }

    record Size(int width, int height) {}

    /** As it is. */
    record None() implements Resize {
        @Override
        public Size scaled(int width, int height) {
            return new Size(width, height);
        }
    }

    /** To exactly this size, whatever becomes of the aspect ratio. */
    record Stretch(int width, int height) implements Resize {
        public Stretch {
            requirePositive("width", width);
            requirePositive("height", height);
        }

        @Override
        public Size scaled(int fromWidth, int fromHeight) {
            return new Size(width, height);
        }
    }

    /**
     * The shorter side to {@code size}, unless that makes the longer one exceed {@code maxSize}: then the longer one to
     * {@code maxSize}. The other side is rounded down, as torchvision's {@code Resize(size, max_size)} does.
     */
    record ShortestSide(int size, int maxSize) implements Resize {
        public ShortestSide {
            requirePositive("size", size);
            if (maxSize < size) {
                throw new IllegalArgumentException("maxSize %d is smaller than size %d".formatted(maxSize, size));
            }
        }

        @Override
        public Size scaled(int width, int height) {
            long shorter = Math.min(width, height);
            long longer = Math.max(width, height);
            long newShorter = size;
            long newLonger = size * longer / shorter;
            if (newLonger > maxSize) {
                newShorter = Math.max(1, (long) maxSize * newShorter / newLonger);
                newLonger = maxSize;
            }
            return width <= height
                    ? new Size((int) newShorter, (int) newLonger)
                    : new Size((int) newLonger, (int) newShorter);
        }
    }

    /** As large as fits into this size with its aspect ratio kept; the rest is padded to the right and at the bottom. */
    record Fit(int width, int height) implements Resize {
        public Fit {
            requirePositive("width", width);
            requirePositive("height", height);
        }

        @Override
        public Size scaled(int fromWidth, int fromHeight) {
            boolean widthDecides = (long) width * fromHeight <= (long) height * fromWidth;
            return widthDecides
                    ? new Size(width, rounded(fromHeight, width, fromWidth))
                    : new Size(rounded(fromWidth, height, fromHeight), height);
        }

        @Override
        public Size canvas(int fromWidth, int fromHeight) {
            return new Size(width, height);
        }

        private static int rounded(int value, int numerator, int denominator) {
            return (int) Math.max(1, Math.round((double) value * numerator / denominator));
        }
    }

    private static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be positive but is " + value);
        }
    }
}
