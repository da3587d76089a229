using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Native;

namespace Espalier.Torch.Operators;

/// <summary>Products of matrices, and matrices turned for them.</summary>
public static unsafe class ProductOperators
{
    /// <summary>Matrix product; leading dimensions are batches, broadcast.</summary>
    public static Tensor MatMul(this Tensor x, Tensor other) => Ops.MatMul.Call(x, other);

    /// <summary>x · weightᵀ + bias over the last dimension; <paramref name="weight"/> is [out, in].</summary>
    public static Tensor Linear(this Tensor x, Tensor weight, Tensor? bias = null) =>
        Products.Library != ProductLibrary.Libtorch && !GradMode.Records(x, weight, bias) && RowProductKernel.Takes(x, weight, bias)
            ? RowProductKernel.Forward(x, weight, bias)
            : Ops.Linear.Call(x, weight, bias);

    /// <summary>scale · xᵀ of a matrix, with its elements in order. No gradient.</summary>
    public static Tensor Turned(this Tensor x, double scale = 1)
    {
        using var noGrad = GradMode.Disable();
        return x.IsForwardFused || x.DType == DType.BFloat16 && x.IsOnCpu && scale == 1 ? TurnKernel.Turned(x, (float)scale)
            : x.TurnedByParts(scale);
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor TurnedByParts(this Tensor x, double scale = 1)
    {
        using var noGrad = GradMode.Disable();
        return scale == 1 ? x.Transpose(0, 1).Contiguous() : x.Transpose(0, 1).Mul(scale).Contiguous();
    }

    /// <summary>
    /// Whether sums of products are added to where they lie, so that <see cref="AddProductInPlace"/> needs no memory of the sum's size.
    /// </summary>
    internal static bool AddsInPlace => Products.Library == ProductLibrary.Own;

    /// <summary>Whether <see cref="LinearInto"/> takes these, as far as can be said before.</summary>
    internal static bool WritesProducts(this Tensor x, Tensor weight) =>
        AddsInPlace && x.IsForwardFused && weight.IsForwardFused && x.Dimensions == 2;

    /// <summary>
    /// Memory for <see cref="LinearInto"/>, on the processor, [rows, columns], whose rows lie apart; what is in it is anything. It is
    /// given back by <see cref="LetRoomGo"/>.
    /// </summary>
    internal static Tensor RoomFor(long rows, long columns)
    {
        // From row to row an odd number of lines of the cache: of a power of two, the same entries of some rows would want the same places.
        var step = ((columns + 15) / 16 | 1) * 16;
        long* sizes = stackalloc long[] { rows, columns }, steps = stackalloc long[] { step, 1 };
        nint tensor;
        var data = KeptRooms.Take(checked(rows * step * sizeof(float)));
        Status.Check(
            Libtorch.TensorOver(data, 2, sizes, steps, 0, (int)DType.Float32, Libtorch.Cpu, 0, &tensor),
            "no tensor over memory that is there");
        return Tensor.Adopt(tensor);
    }

    /// <summary>Gives such memory back, for the next who needs as much. Nobody else may have the tensor, or a part of it.</summary>
    internal static void LetRoomGo(Tensor room)
    {
        void* data;
        using (var held = new HeldTensor(room))
            data = TensorFacts.Data(held.Native);
        room.LetGo(reuse: true);
        KeptRooms.Give(data);
    }

    /// <summary>Returns unused memory of this kind to the system, as at the end of a training.</summary>
    internal static void TrimRooms() => KeptRooms.Trim();

    /// <summary>
    /// x · weightᵀ of matrices in memory that is there and not theirs, or where it cannot be written there, in a new tensor. No gradient.
    /// </summary>
    internal static Tensor LinearInto(this Tensor x, Tensor weight, Tensor to) =>
        OwnProducts.TryWrite(to, x, weight, turned: false, adds: false) ? to : x.Linear(weight);

    /// <summary>sum += a · b, of matrices that share no memory with it, where it lies.</summary>
    internal static void AddProductInPlace(this Tensor sum, Tensor a, Tensor b)
    {
        using var noGrad = GradMode.Disable();
        if (sum.TryWriteProduct(a, b, adds: true))
            return;
        using var product = a.MatMul(b);
        sum.AddInPlace(product);
    }

    /// <summary>
    /// to = a · b, or to += a · b, in memory that is there, where a new tensor's would come of the same kernel; else false, and nothing is
    /// done.
    /// </summary>
    internal static bool TryWriteProduct(this Tensor to, Tensor a, Tensor b, bool adds) =>
        AddsInPlace && OwnProducts.TryWrite(to, a, b, turned: true, adds);

    /// <summary>sum += scale · xᵀ, of matrices.</summary>
    public static void AddTurnedInPlace(this Tensor sum, Tensor x, double scale = 1)
    {
        using var noGrad = GradMode.Disable();
        if (sum.IsFusedInOrder && x.IsForwardFused)
            TurnKernel.Add(sum, x, (float)scale);
        else
            sum.AddInPlace(x.Transpose(0, 1), scale);
    }
}
