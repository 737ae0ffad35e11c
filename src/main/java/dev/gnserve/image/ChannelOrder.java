package dev.gnserve.image;

/** Which channels a network takes, in which order: colours, or the channels as they are stored. Immutable. */
public sealed interface ChannelOrder {

    ChannelOrder RGB = Colour.RGB;
    ChannelOrder BGR = Colour.BGR;
    ChannelOrder GRAY = Colour.GRAY;

    int channels();

    /** Colours, made of the colours of every image. */
    enum Colour implements ChannelOrder {
        RGB(3),
        BGR(3),
        GRAY(1);

        private final int channels;

        Colour(int channels) {
            this.channels = channels;
        }

        @Override
        public int channels() {
            return channels;
        }
    }

    /**
     * The channels as they are stored. An image must have exactly as many.
     *
     * @param channels 1 to {@value #MOST}
     */
    record Stored(int channels) implements ChannelOrder {

        public static final int MOST = 64;

        public Stored {
            if (channels < 1 || channels > MOST) {
                throw new IllegalArgumentException("channels are " + channels + ", allowed is 1 to " + MOST);
            }
        }
    }
}
