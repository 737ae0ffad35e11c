package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.Span;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The convolutions of an archive that Winograd's algorithm can compute, with their weights transformed once after loading: 3 x 3, of
 * stride 1, padding 1 and one group, with {@value #LEAST_CHANNELS} channels or more on both sides. A weight is transformed only if the
 * code uses it for nothing but such convolutions, because its transform stands in its place.
 *
 * <p>F(4 x 4, 3 x 3) of Lavin and Gray (2015), "Fast Algorithms for Convolutional Neural Networks", with the points 0, 1, -1, 2, -2 and
 * infinity: 36 multiplications for 16 pixels instead of 144. Tiles of 6 x 6 pixels, of which neighbours share two, are gathered for some rows of
 * tiles at a time, so that they stay in the cache. Each image of a batch goes alone: its result does not depend on the others.
 */
final class WinogradConvolutions {

    /** The functions that convolutions call. */
    static final String FILE = "code/__torch__/gnserve/winograd.py";

    /** What stands in the place of the operator, with its first three arguments. */
    static final String CONVOLVE = "__torch__.gnserve.winograd.convolve";

    /** What makes [36, channels, outputs] of a weight [outputs, channels, 3, 3]. */
    static final String TRANSFORMED = "__torch__.gnserve.winograd.transformed";

    /** With fewer channels, gathering the tiles takes more time than the multiplications save. */
    private static final int LEAST_CHANNELS = 64;

    static final String HELPERS = """
            def transformed(weight: Tensor) -> Tensor:
              if ops.prim.is_cuda(weight):
                output = weight
              else:
                k = torch.size(weight, 0)
                c = torch.size(weight, 1)
                points = torch.view(torch.tensor([0.25, 0., 0., -0.16666666666666666, -0.16666666666666666, -0.16666666666666666, -0.16666666666666666, 0.16666666666666666, -0.16666666666666666, 0.041666666666666664, 0.083333333333333329, 0.16666666666666666, 0.041666666666666664, -0.083333333333333329, 0.16666666666666666, 0., 0., 1.], dtype=7), [6, 3])
                taps = torch.reshape(torch.permute(torch.to(torch.detach(weight), 7), [2, 3, 1, 0]), [9, torch.mul(c, k)])
                output = torch.view(torch.to(torch.mm(torch.kron(points, points), taps), 6), [36, c, k])
              return output
            def winograd(input: Tensor,
                weight: Tensor,
                bias: Optional[Tensor]) -> Tensor:
              n = torch.size(input, 0)
              c = torch.size(input, 1)
              h = torch.size(input, 2)
              w = torch.size(input, 3)
              k = torch.size(weight, 2)
              rows = torch.floordiv(torch.add(h, 3), 4)
              columns = torch.floordiv(torch.add(w, 3), 4)
              tiles = 128
              if torch.gt(torch.mul(c, k), 16384):
                tiles = 256
              else:
                pass
              blocks = torch.floordiv(rows * columns + tiles - 1, tiles)
              if torch.gt(blocks, rows):
                blocks = rows
              else:
                pass
              step = torch.floordiv(rows + blocks - 1, blocks)
              size = torch.mul(step, columns)
              bt = torch.expand(torch.view(torch.tensor([4., 0., -5., 0., 1., 0., 0., -4., -4., 1., 1., 0., 0., 4., -4., -1., 1., 0., 0., -2., -1., 2., 1., 0., 0., 2., -1., -2., 1., 0., 0., 4., 0., -5., 0., 1.], dtype=6), [6, 6]), [6, 6, 6])
              at = torch.view(torch.tensor([1., 1., 1., 1., 1., 0., 0., 1., -1., 2., -2., 0., 0., 1., 1., 4., 4., 0., 0., 1., -1., 8., -8., 1.], dtype=6), [4, 6])
              at6 = torch.expand(at, [6, 4, 6])
              at4 = torch.expand(at, [4, 4, 6])
              padded = torch.new_zeros(input, [4 * rows + 2, 4 * columns + 2, c])
              inner = torch.slice(torch.slice(padded, 0, 1, h + 1, 1), 1, 1, w + 1, 1)
              all = torch.permute(torch.unfold(torch.unfold(padded, 0, 6, 4), 1, 6, 4), [3, 4, 0, 1, 2])
              output = torch.new_empty(input, [n, rows, 4, columns, 4, k])
              d = torch.new_empty(input, [6, 6, torch.mul(size, c)])
              v = torch.new_empty(input, [6, 6, torch.mul(size, c)])
              m = torch.new_empty(input, [36, size, k])
              z = torch.new_empty(input, [6, 4, torch.mul(size, k)])
              y = torch.new_empty(input, [4, 4, torch.mul(size, k)])
              for i in range(n):
                _0 = torch.copy_(inner, torch.permute(torch.select(input, 0, i), [1, 2, 0]))
                image = torch.select(output, 0, i)
                for j in range(blocks):
                  first = torch.mul(j, step)
                  if torch.gt(first + step, rows):
                    first = rows - step
                  else:
                    pass
                  _1 = torch.copy_(torch.view(d, [6, 6, step, columns, c]), torch.slice(all, 2, first, first + step, 1))
                  _2 = torch.bmm(bt, torch.transpose(d, 0, 1), out=v)
                  _3 = torch.bmm(bt, torch.transpose(v, 0, 1), out=d)
                  _4 = torch.bmm(torch.view(d, [36, size, c]), weight, out=m)
                  if torch.__isnot__(bias, None):
                    _5 = torch.add_(torch.select(m, 0, 7), unchecked_cast(Tensor, bias))
                  else:
                    pass
                  _6 = torch.bmm(at6, torch.transpose(torch.view(m, [6, 6, torch.mul(size, k)]), 0, 1), out=z)
                  _7 = torch.bmm(at4, torch.transpose(z, 0, 1), out=y)
                  _8 = torch.copy_(torch.slice(image, 0, first, first + step, 1), torch.permute(torch.view(y, [4, 4, step, columns, k]), [2, 0, 3, 1, 4]))
              whole = torch.view(output, [n, 4 * rows, 4 * columns, k])
              cut = torch.slice(torch.slice(whole, 1, 0, h, 1), 2, 0, w, 1)
              return torch.permute(torch.contiguous(cut), [0, 3, 1, 2])
            def convolve(input: Tensor,
                weight: Tensor,
                bias: Optional[Tensor]) -> Tensor:
              if torch.eq(torch.dim(weight), 3):
                if torch.eq(torch.dim(input), 3):
                  output = torch.squeeze(__torch__.gnserve.winograd.winograd(torch.unsqueeze(input, 0), weight, bias, ), 0)
                else:
                  output = __torch__.gnserve.winograd.winograd(input, weight, bias, )
              else:
                output = torch.conv2d(__torch__.gnserve.plan.last(input, ), weight, bias, [1, 1], [1, 1], [1, 1], 1)
              return output
            """;

    /** The arguments after the bias. */
    private static final Map<String, List<String>> TAKEN = Map.of(
            "torch.conv2d", List.of("[1,1]", "[1,1]", "[1,1]", "1"),
            "torch.convolution", List.of("[1,1]", "[1,1]", "[1,1]", "False", "[0,0]", "1"),
            "torch._convolution", List.of("[1,1]", "[1,1]", "[1,1]", "False", "[0,0]", "1"));

    /** Of {@code torch.conv2d}, dilation and groups may be left out. */
    private static final int LEAST_TAKEN = 2;

    /** Whether a call is one of these convolutions, apart from the size of its weight. */
    static boolean isTaken(SourceFile source, Call call) {
        String operator = source.token(call.callee());
        List<String> taken = TAKEN.getOrDefault(operator, List.of());
        List<String> given = source.arguments(call.open()).stream()
                .map(argument -> source.text(argument).replaceAll("\\s", ""))
                .toList();
        int compared = Math.min(given.size() - 3, taken.size());
        int least = operator.equals("torch.conv2d") ? LEAST_TAKEN : taken.size();
        return !taken.isEmpty()
                && compared >= least
                && given.subList(3, 3 + compared).equals(taken.subList(0, compared))
                && given.subList(0, 3).stream().noneMatch(argument -> argument.matches("\\w+=[^=].*"));
    }

    /** Has a convolution computed by {@link #CONVOLVE}. */
    static void replace(SourceFile source, Call call, Edits edits) {
        List<Span> arguments = source.arguments(call.open());
        edits.replace(source.start(call.callee()), source.end(call.callee()), CONVOLVE);
        int from = source.end(arguments.get(2).to() - 1);
        edits.replace(from, source.end(arguments.get(arguments.size() - 1).to() - 1), "");
    }

    /** The weights to transform. */
    static Set<StoredTensor> weights(TorchScriptArchive archive) {
        return ConvolutionWeights.of(archive, WinogradConvolutions::isLargeEnough, WinogradConvolutions::isTaken);
    }

    private static boolean isLargeEnough(StoredTensor tensor) {
        List<Long> shape = tensor.shape();
        return tensor.type() == TensorType.FLOAT32
                && shape.size() == 4
                && shape.get(0) >= LEAST_CHANNELS
                && shape.get(1) >= LEAST_CHANNELS
                && shape.get(2) == 3
                && shape.get(3) == 3;
    }
}
