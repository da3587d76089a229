using Espalier.Compression.Distillation;

namespace Espalier.Compression.Tests.Distillation;

public sealed class LossSpecTests
{
    [Theory]
    [InlineData("forward-kl", "forward-kl")]
    [InlineData(" 0.9 * forward-kl+0.10*cross-entropy ", "0.9*forward-kl + 0.1*cross-entropy")]
    [InlineData("jensen-shannon(0.5)", "jensen-shannon")]
    [InlineData("jensen-shannon( 0.1 )", "jensen-shannon(0.1)")]
    [InlineData("2*skew-kl(0.2) + mse-logits", "2*skew-kl(0.2) + mse-logits")]
    [InlineData("top-k-tail(8)", "top-k-tail(8)")]
    [InlineData("1e+3*forward-kl + 1E30*mse-logits", "1000*forward-kl + 1E+30*mse-logits")]
    public void A_loss_is_read_and_has_one_text(string text, string canonical)
    {
        var spec = LossSpec.Parse(text);
        Assert.Equal(canonical, spec.ToString());
        Assert.Equal(canonical, LossSpec.Parse(canonical).ToString());
    }

    [Theory]
    [InlineData("forward-lk", "Did you mean forward-kl?")]
    [InlineData("", "a loss is missing in ''")]
    [InlineData("forward-kl +", "a loss is missing in 'forward-kl +'")]
    [InlineData("forward-kl + 0.1*", "a loss is missing in 'forward-kl + 0.1*'")]
    [InlineData("x*forward-kl", "the weight in 'x*forward-kl' is 'x'")]
    [InlineData("0*forward-kl", "the weight of forward-kl is 0")]
    [InlineData("-1*forward-kl", "the weight of forward-kl is -1")]
    [InlineData("forward-kl(2)", "loss forward-kl has no parameter")]
    [InlineData("jensen-shannon(2)", "beta is 2")]
    [InlineData("skew-kl(1)", "alpha is 1")]
    [InlineData("top-k-tail(1.5)", "k is 1.5; it must be a whole number")]
    [InlineData("forward-kl + forward-kl", "appears twice")]
    public void What_cannot_be_read_is_said(string text, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<EspalierException>(() => LossSpec.Parse(text)).Message);

    [Fact]
    public void Every_known_name_makes_a_loss_of_that_name()
    {
        foreach (var name in LossSpec.Names)
            Assert.Equal(name, LossSpec.Parse(name).Make(1).Name);
    }

    [Fact]
    public void The_square_of_the_temperature_multiplies_what_has_one()
    {
        var loss = LossSpec.Parse("forward-kl + 0.5*cross-entropy").Make(3, squared: true);
        Assert.Equal([9, 0.5], loss.Parts.Select(part => part.Weight));
    }

    [Theory]
    [InlineData("cross-entropy", false, true, false)]
    [InlineData("forward-kl + cross-entropy", true, true, true)]
    [InlineData("reverse-kl", true, false, true)]
    [InlineData("mse-logits", true, false, false)]
    public void A_loss_says_what_it_needs(string text, bool teacher, bool sparse, bool temperature)
    {
        var spec = LossSpec.Parse(text);
        Assert.Equal((teacher, sparse, temperature), (spec.NeedsTeacher, spec.TakesSparse, spec.HasTemperature));
    }
}
