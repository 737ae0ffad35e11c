package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Span;
import java.io.ByteArrayOutputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The convolutions of an archive that the plan int8 computes in integers: of images, of one group, with a weight that the code uses for
 * nothing else, and with results of 64 pixels or more (256, where the stride is not 1). Others compute in bfloat16.
 *
 * <p>A weight is quantized once after loading, for each output channel to -127..127. Its integers, in oneDNN's layout, and its scales stand in attributes beside it, which this class adds to the module. The weight itself gets oneDNN's layout for
 * bfloat16. In each pass, each image of a batch is quantized and convolved alone: its numbers, from the least to the greatest one, become
 * 0..255. So the result of an image does not depend on the rest of its batch, and no calibration is needed. Products and sums are exact in 32
 * bits. The output is bfloat16.
 *
 * <p>Source: Jacob et al. (2018), "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
 * equations 1 to 9. The zero point's share of a sum, equation 7, is part of the bias, and the border is padded with the zero point.
 */
final class QuantizedConvolutions {

    /** The functions that convolutions call. */
    static final String FILE = "code/__torch__/gnserve/quantized.py";

    private static final String NAMESPACE = "__torch__.gnserve.quantized.";

    /** The attributes beside a weight, which are none before it is prepared. The weight itself is then in oneDNN's layout for bfloat16. */
    private static final String INTEGERS = "gnserve_integers_";

    /** [2, outputs]: the scales, and the sums of the scaled weights. */
    private static final String SCALES = "gnserve_scales_";

    /** With fewer multiplications for an input, quantizing it takes more time than they save. */
    private static final int LEAST_MULTIPLICATIONS = 256;

    private static final int LEAST_CHANNELS = 16;

    /**
     * With larger kernels, and other numbers of outputs, the layout of the integers depends on the size of the image: oneDNN blocks outputs by 64,
     * or by 48 where that divides them.
     */
    private static final int LARGEST_KERNEL = 3;

    private static final int BLOCK = 64;

    /** Smaller kernels with this many weights have other layouts at about one of fifty sizes of images: half of an L2 cache of 1 MB. */
    private static final int TOO_MANY_WEIGHTS = 1 << 19;

    /** 255 * 127 * this fits into 32 bits. */
    private static final int MOST_ADDED = 66_000;

    /**
     * The functions. A step is a 253rd of the range, which leaves room to round zero and the ends of the range within 0..255. Where a step is
     * larger than the mean absolute value, of every fourth row, no steps are left for most numbers, and the image is convolved in bfloat16.
     * So is one with a number that is NaN or infinite. PyTorch converts float32 to 16 bits and those to 8 much faster than directly. oneDNN reads
     * a bias without its strides, so that it has to be contiguous. For smaller results, oneDNN wants the integers in another layout. It would
     * change them in each pass, which takes longer than bfloat16.
     */
    static final String HELPERS = """
            def multiply(input: Tensor,
                step: float,
                weight: Tensor,
                scale: Tensor,
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int],
                type: int) -> Tensor:
              zeros = torch.zeros([torch.numel(scale)], dtype=4)
              return ops.onednn.qconv2d_pointwise(input, step, 0, weight, scale, zeros, bias, stride, padding, dilation, 1, 1., 0, type, "none", annotate(List[Optional[number]], []), "")
            def shape(weight: Tensor,
                side: int,
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> List[int]:
              h = (side - 1) * stride[0] + dilation[0] * (torch.size(weight, 2) - 1) + 1 - 2 * padding[0]
              w = (side - 1) * stride[1] + dilation[1] * (torch.size(weight, 3) - 1) + 1 - 2 * padding[1]
              return [1, torch.size(weight, 1), ops.prim.max(h, 1), ops.prim.max(w, 1)]
            def pack(weight: Tensor,
                scale: Tensor,
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              shape = __torch__.gnserve.quantized.shape(weight, 16, stride, padding, dilation, )
              return ops.onednn.qconv_prepack(weight, scale, 1., 0, stride, padding, dilation, 1, shape)
            def integers(weight: Tensor,
                scale: Tensor) -> Tensor:
              scaled = torch.div(torch.to(torch.detach(weight), 7), torch.view(scale, [-1, 1, 1, 1]))
              return torch.clamp(torch.round(scaled), -127, 127)
            def scales(weight: Tensor) -> Optional[Tensor]:
              if ops.prim.is_cuda(weight):
                ops.prim.RaiseException("the plan int8 needs a CPU")
              else:
                pass
              ones = torch.ones([64])
              largest = __torch__.gnserve.quantized.pack(torch.full([64, 64, 1, 1], 127, dtype=1), ones, [1, 1], [0, 0], [1, 1], )
              sums = __torch__.gnserve.quantized.multiply(torch.full([1, 64, 16, 16], 254, dtype=0), 1., largest, ones, None, [1, 1], [0, 0], [1, 1], 6, )
              if bool(torch.any(torch.ne(sums, 2064512.))):
                ops.prim.RaiseException("the plan int8 needs a processor that adds products of 8 bits without overflow (VNNI)")
              else:
                pass
              most = torch.amax(torch.abs(torch.detach(weight)), [1, 2, 3])
              scale = torch.clamp(torch.div(most, 127.), 1.0000000000000001e-30)
              sum = torch.mul(torch.sum(__torch__.gnserve.quantized.integers(weight, scale, ), [1, 2, 3]), scale)
              output : Optional[Tensor] = torch.to(torch.stack([scale, sum]), 6)
              return output
            def packed(weight: Tensor,
                scales: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Optional[Tensor]:
              scale = torch.select(unchecked_cast(Tensor, scales), 0, 0)
              whole = torch.to(__torch__.gnserve.quantized.integers(weight, scale, ), 1)
              output : Optional[Tensor] = __torch__.gnserve.quantized.pack(whole, scale, stride, padding, dilation, )
              return output
            def narrowed(weight: Tensor,
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              shape : Optional[List[int]] = None
              if torch.eq(torch.size(weight, 2) * torch.size(weight, 3), 9):
                shape = __torch__.gnserve.quantized.shape(weight, 8, stride, padding, dilation, )
              else:
                pass
              whole = __torch__.gnserve.plan.last(torch.to(torch.detach(weight), 15), )
              return ops.mkldnn._reorder_convolution_weight(whole, padding, stride, dilation, 1, shape)
            def pixels(input: Tensor,
                weight: Tensor,
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> int:
              h = torch.size(input, -2) + 2 * padding[0] - dilation[0] * (torch.size(weight, 2) - 1) - 1
              w = torch.size(input, -1) + 2 * padding[1] - dilation[1] * (torch.size(weight, 3) - 1) - 1
              return (torch.floordiv(h, stride[0]) + 1) * (torch.floordiv(w, stride[1]) + 1)
            def narrow(images: Tensor,
                weight: Tensor,
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              if torch.__isnot__(bias, None):
                added : Optional[Tensor] = torch.contiguous(torch.to(unchecked_cast(Tensor, bias), 15))
              else:
                added = bias
              return ops.mkldnn._convolution_pointwise(torch.to(images, 15), weight, added, padding, stride, dilation, 1, "none", annotate(List[Optional[number]], []), "")
            def product(wide: Tensor,
                low: float,
                step: float,
                integers: Tensor,
                scales: Tensor,
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              zero = 0
              if low < 0.:
                zero = int(torch.round(torch.neg(low) / step)) + 1
              else:
                pass
              shifted = torch.add(torch.tensor(zero + 0.5, dtype=6), wide, alpha=1. / step, out=wide)
              input = torch.to(torch.to(shifted, 2), 0)
              scale = torch.select(scales, 0, 0)
              added : Optional[Tensor] = None
              if torch.__isnot__(bias, None):
                added = torch.contiguous(torch.to(unchecked_cast(Tensor, bias), 6))
              else:
                pass
              if torch.eq(zero, 0):
                output = __torch__.gnserve.quantized.multiply(input, step, integers, scale, added, stride, padding, dilation, 15, )
              else:
                zeros = torch.mul(torch.select(scales, 0, 1), torch.neg(step) * zero)
                if torch.__isnot__(added, None):
                  zeros = torch.add(zeros, unchecked_cast(Tensor, added))
                else:
                  pass
                h = padding[0]
                w = padding[1]
                padded = __torch__.gnserve.plan.last(torch.constant_pad_nd(input, [w, w, h, h], zero), )
                output = __torch__.gnserve.quantized.multiply(padded, step, integers, scale, zeros, stride, [0, 0], dilation, 15, )
              return output
            def image(input: Tensor,
                weight: Tensor,
                integers: Tensor,
                scales: Tensor,
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              wide = torch.to(torch.detach(input), 6, False, True)
              low = ops.prim.min(float(torch.amin(wide, [0, 1, 2, 3])), 0.)
              range = ops.prim.max(float(torch.amax(wide, [0, 1, 2, 3])), 0.) - low
              sample = torch.slice(wide, 2, 0, 9223372036854775807, 4)
              if low < 0.:
                sample = torch.abs(sample)
              else:
                pass
              size = float(torch.mean(sample))
              step = ops.prim.max(range / 253., 1.0000000000000001e-30)
              if torch.__and__(range <= size * 253., size < 1.e+38):
                output = __torch__.gnserve.quantized.product(wide, low, step, integers, scales, bias, stride, padding, dilation, )
              else:
                output = __torch__.gnserve.quantized.narrow(input, weight, bias, stride, padding, dilation, )
              return output
            def each(images: Tensor,
                weight: Tensor,
                integers: Tensor,
                scales: Tensor,
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              outputs = annotate(List[Tensor], [])
              for i in range(torch.size(images, 0)):
                image = torch.slice(images, 0, i, i + 1, 1)
                _0 = torch.append(outputs, __torch__.gnserve.quantized.image(image, weight, integers, scales, bias, stride, padding, dilation, ))
              if torch.eq(torch.len(outputs), 1):
                output = outputs[0]
              else:
                output = torch.cat(outputs)
              return output
            def convolve(input: Tensor,
                weight: Tensor,
                integers: Optional[Tensor],
                scales: Optional[Tensor],
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              if torch.__is__(integers, None):
                output = torch.conv2d(torch.to(__torch__.gnserve.plan.last(input, ), 15), torch.to(weight, 15), __torch__.gnserve.narrow.narrow(bias, ), stride, padding, dilation, 1)
              else:
                single = torch.eq(torch.dim(input), 3)
                if single:
                  images = torch.unsqueeze(input, 0)
                else:
                  images = input
                n = torch.size(images, 0)
                if torch.eq(n, 0):
                  images = torch.new_zeros(images, [1, torch.size(images, 1), torch.size(images, 2), torch.size(images, 3)])
                else:
                  pass
                images = __torch__.gnserve.plan.last(images, )
                least = 256
                if torch.__and__(torch.eq(stride[0], 1), torch.eq(stride[1], 1)):
                  least = 64
                else:
                  pass
                if torch.ge(__torch__.gnserve.quantized.pixels(images, weight, stride, padding, dilation, ), least):
                  output = __torch__.gnserve.quantized.each(images, weight, unchecked_cast(Tensor, integers), unchecked_cast(Tensor, scales), bias, stride, padding, dilation, )
                else:
                  output = __torch__.gnserve.quantized.narrow(images, weight, bias, stride, padding, dilation, )
                if torch.eq(n, 0):
                  output = torch.slice(output, 0, 0, 0, 1)
                else:
                  pass
                if single:
                  output = torch.squeeze(output, 0)
                else:
                  pass
              return output
            """;

    private final ConvolutionSites sites;
    private final Set<StoredTensor> weights;

    /**
     * Finds the convolutions.
     *
     * @throws TorchScriptException if there is none, or the code is too complex to follow
     */
    QuantizedConvolutions(TorchScriptArchive archive) {
        sites = new ConvolutionSites(archive);
        weights = new HashSet<>(ConvolutionWeights.of(
                archive, QuantizedConvolutions::isWorthwhile, (file, call) -> sites.at(file, call) != null));
        // A module may have the tensor of a weight under a name that nothing convolves with: it gets no attributes.
        for (ModuleTree.Instance instance : archive.modules().instances()) {
            instance.object().attributes().forEach((name, value) -> {
                if (sites.geometry(instance.object().className(), name) == null) {
                    weights.remove(value);
                }
            });
        }
        if (weights.isEmpty()) {
            throw new TorchScriptException(
                    ("it has no convolution that gains. Those that do are of images and of one group. Their stride, padding"
                                    + " and dilation are written as numbers, and their kernel is 3 x 3 or smaller. They have"
                                    + " %d channels or more, and up to %d outputs or a multiple of %d that is none of %d."
                                    + " Outputs times kernel are %d or more; below 3 x 3 there are fewer than %,d weights."
                                    + " The weight is used for nothing else")
                            .formatted(
                                    LEAST_CHANNELS,
                                    BLOCK / 2,
                                    BLOCK,
                                    3 * BLOCK,
                                    LEAST_MULTIPLICATIONS,
                                    TOO_MANY_WEIGHTS));
        }
    }

    /** The weights to quantize. */
    Set<StoredTensor> weights() {
        return weights;
    }

    /**
     * The lines of a method that prepare a weight and the attributes beside it.
     *
     * @param weight the expression {@code m3.weight}
     * @param type the class of the module that has it
     * @param known an expression for the same tensor that is prepared already; null for none
     */
    String preparation(String weight, String type, @Nullable String known) {
        int name = weight.lastIndexOf('.') + 1;
        String geometry = sites.geometry(type, weight.substring(name));
        String integers = beside(weight, INTEGERS);
        String scales = beside(weight, SCALES);
        if (known != null) {
            return assign(scales, beside(known, SCALES))
                    + assign(integers, beside(known, INTEGERS))
                    + assign(weight, known);
        }
        return assign(scales, "%sscales(%s, )".formatted(NAMESPACE, weight))
                + assign(integers, "%spacked(%s, %s, %s, )".formatted(NAMESPACE, weight, scales, geometry))
                + assign(weight, "%snarrowed(%s, %s, )".formatted(NAMESPACE, weight, geometry));
    }

    private static String assign(String target, String value) {
        return "    " + target + " = " + value + "\n";
    }

    /** The attribute beside a weight: {@code m3.gnserve_scales_weight} beside {@code m3.weight}. */
    private static String beside(String weight, String prefix) {
        int name = weight.lastIndexOf('.') + 1;
        return weight.substring(0, name) + prefix + weight.substring(name);
    }

    /** Has a convolution computed by this class's functions; returns false, and changes nothing, if it is not one of these. */
    boolean replace(SourceFile source, Call call, Edits edits) {
        ConvolutionSites.Site site = sites.at(source, call);
        if (site == null) {
            return false;
        }
        List<Span> arguments = source.arguments(call.open());
        edits.replace(source.start(call.callee()), source.end(call.callee()), NAMESPACE + "convolve");
        String weight = site.module() + site.weight().attribute();
        edits.insert(
                source.end(arguments.get(1).to() - 1), ", " + beside(weight, INTEGERS) + ", " + beside(weight, SCALES));
        int from = source.end(arguments.get(2).to() - 1);
        edits.replace(from, source.end(arguments.get(arguments.size() - 1).to() - 1), ", " + site.geometry());
        return true;
    }

    /** Declares the new attributes in the classes of a file. */
    void declare(SourceFile source, Edits edits) {
        for (ClassType type : source.classes) {
            for (String name : added(type.qualifiedName)) {
                edits.insert(type.attributesAt, "  " + name + " : Optional[Tensor]\n");
            }
        }
    }

    /** The archive's data.pkl with the new attributes in every instance of the classes that have them. */
    byte[] withAttributes(TorchScriptArchive archive) {
        SortedMap<Integer, byte[]> insertions = new TreeMap<>();
        for (ModuleTree.Instance instance : archive.modules().instances()) {
            List<String> names = added(instance.object().className());
            if (!names.isEmpty()) {
                ByteArrayOutputStream attributes = new ByteArrayOutputStream();
                for (String name : names) {
                    PickleOpcodes.text(attributes, name);
                    PickleOpcodes.none(attributes);
                }
                insertions.put(instance.object().insertionPoint(), attributes.toByteArray());
            }
        }
        return PickleOpcodes.inserted(archive.bytes("data.pkl", Integer.MAX_VALUE - 8), insertions);
    }

    /** The attributes that a class gets. */
    private List<String> added(String type) {
        return sites.weights(type).stream()
                .flatMap(weight -> Stream.of(INTEGERS + weight, SCALES + weight))
                .toList();
    }

    private static boolean isWorthwhile(StoredTensor tensor) {
        List<Long> shape = tensor.shape();
        if (tensor.type() != TensorType.FLOAT32 || shape.size() != 4) {
            return false;
        }
        long outputs = shape.get(0);
        long channels = shape.get(1);
        long kernel = shape.get(2) * shape.get(3);
        boolean blocks = outputs <= BLOCK / 2 || (outputs % BLOCK == 0 && outputs % 3 != 0);
        boolean fits = kernel == LARGEST_KERNEL * LARGEST_KERNEL || outputs * channels * kernel < TOO_MANY_WEIGHTS;
        return channels >= LEAST_CHANNELS
                && blocks
                && fits
                && shape.get(2) <= LARGEST_KERNEL
                && shape.get(3) <= LARGEST_KERNEL
                && outputs * kernel >= LEAST_MULTIPLICATIONS
                && channels * kernel <= MOST_ADDED;
    }
}
