namespace Holdfast;

/// <summary>
/// The ceilings of NIST SP 800-63B-4 (sections 2.1.3, 2.2.3, 2.3.3) that a deployment holds itself to. They apply to every kind of
/// session.
/// </summary>
public enum AssuranceProfile
{
    /// <summary>None is claimed: the settings' own ranges apply.</summary>
    None = 0,

    /// <summary>AAL1: absolute at most 30 days.</summary>
    Aal1 = 1,

    /// <summary>AAL2: absolute at most 24 hours, idle at most 1 hour.</summary>
    Aal2 = 2,

    /// <summary>AAL3: absolute at most 12 hours, whatever the reason; idle at most 15 minutes.</summary>
    Aal3 = 3,
}
